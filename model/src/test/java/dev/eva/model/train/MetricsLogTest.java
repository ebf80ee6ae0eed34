package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MetricsLogTest {
    @TempDir
    Path dir;

    static StepMetrics metrics(long step) {
        OptionalDouble val = step % 5 == 0 ? OptionalDouble.of(3.0 / step) : OptionalDouble.empty();
        List<RoundingMetrics> fp8 = step % 5 == 0
                ? List.of(new RoundingMetrics("layers.0.attn", "gradient", 0, 0.01, 1e-7, 1e-5))
                : List.of();
        return new StepMetrics(
                step,
                step * 0.1,
                step * 64,
                4.0 / step,
                OptionalDouble.empty(),
                val,
                1e-3,
                0.7,
                640,
                0.25,
                List.of(0.25, 0.5),
                false,
                4096 * step,
                fp8);
    }

    @Test
    void keysAreAsDocumented() {
        JsonMapper json = JsonMapper.shared();
        JsonNode plain = json.readTree(MetricsLog.line(metrics(1)));
        assertThat(String.join(" ", plain.propertyNames()))
                .isEqualTo("step seconds tokens loss lr grad_norm tokens_per_s max_vio max_vio_layers kept_bytes");
        JsonNode evaluated = json.readTree(MetricsLog.line(metrics(5)));
        assertThat(String.join(" ", evaluated.propertyNames()))
                .isEqualTo("step seconds tokens loss val_loss lr grad_norm tokens_per_s max_vio max_vio_layers"
                        + " kept_bytes fp8");
        assertThat(evaluated.get("fp8").get(0).propertyNames())
                .containsExactly("part", "kind", "overflow", "underflow", "min_scale", "max_scale");
        StepMetrics bad = new StepMetrics(
                2,
                1,
                2,
                Double.NaN,
                OptionalDouble.of(2.5),
                OptionalDouble.empty(),
                1,
                Double.POSITIVE_INFINITY,
                1,
                0,
                List.of(),
                true,
                0,
                List.of());
        JsonNode skipped = json.readTree(MetricsLog.line(bad));
        assertThat(skipped.get("loss").isNull()).isTrue();
        assertThat(skipped.get("grad_norm").isNull()).isTrue();
        assertThat(skipped.get("skipped").booleanValue()).isTrue();
    }

    @Test
    void reopeningCutsOffLaterStepsAndHalfLines() throws IOException {
        Path file = dir.resolve("metrics.jsonl");
        try (MetricsLog log = MetricsLog.open(file, 0)) {
            for (long s = 1; s <= 12; s++) {
                log.add(metrics(s));
            }
        }
        String whole = Files.readString(file);
        Files.writeString(file, whole.substring(0, whole.length() - 30));
        try (MetricsLog log = MetricsLog.open(file, 10)) {
            log.add(metrics(11));
        }
        assertThat(MetricsLog.read(file))
                .containsExactlyElementsOf(LongStream.rangeClosed(1, 11)
                        .mapToObj(MetricsLogTest::metrics)
                        .toList());
    }

    @Test
    void pictureIsDrawnFromTheSteps() throws IOException {
        Path file = dir.resolve("metrics.png");
        RunPicture.write(
                LongStream.rangeClosed(1, 600).mapToObj(MetricsLogTest::metrics).toList(), "test", file);
        assertThat(ImageIO.read(file.toFile()).getWidth()).isEqualTo(1000);
        RunPicture.write(List.of(), "nothing", dir.resolve("none.png"));
        assertThat(dir.resolve("none.png")).doesNotExist();
    }
}
