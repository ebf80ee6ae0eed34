package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.text.TokenFile;
import dev.eva.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Batches that begin small. */
class GrowthTest {
    @TempDir
    Path dir;

    private static TrainConfig growing(long steps) {
        return Tiny.with(
                new TrainConfig.Batching(4, 16, 2, new TrainConfig.Growth(1, 1024)), Tiny.train("muon", steps));
    }

    @Test
    void aBatchDoublesWithTheSquareRootOfTheText() {
        var b = new TrainConfig.Batching(16, 128, 1, new TrainConfig.Growth(4, 1 << 18));
        long[] seen = {0, (1 << 16) - 1, 1 << 16, (1 << 18) - 1, 1 << 18, Long.MAX_VALUE};
        assertThat(Arrays.stream(seen).mapToInt(b::sequences)).containsExactly(4, 4, 8, 8, 16, 16);
        assertThat(b.tokens()).isEqualTo(2048);
        assertThat(b.tokens(0)).isEqualTo(512);
        assertThat(new TrainConfig.Batching(16, 128, 1).sequences(0)).isEqualTo(16);
        // Never below the first, and never a size that does not divide.
        assertThat(new TrainConfig.Batching(12, 128, 1, new TrainConfig.Growth(2, 1000)).sequences(0))
                .isEqualTo(3);
        assertThat(new TrainConfig.Batching(12, 128, 1, new TrainConfig.Growth(4, 1000)).sequences(0))
                .isEqualTo(6);
        assertThatThrownBy(() -> new TrainConfig.Growth(0, 0)).hasMessage("growth.first: 0; need at least 1");
    }

    @Test
    void tokensOfManyStepsAreTheSumOfEach() {
        TrainConfig.Batching b = growing(1).batching();
        long seen = 0;
        for (int s = 0; s < 40; s++) {
            assertThat(b.tokens(0, s)).isEqualTo(seen);
            assertThat(b.tokens(seen, 40 - s)).isEqualTo(b.tokens(0, 40) - seen);
            seen += b.tokens(seen);
        }
    }

    /** Each step takes the sequences after those of the step before, and a run that goes on has the same bits. */
    @Test
    void aGrowingRunGoesOnToTheSameBits() throws IOException {
        TrainConfig config = growing(30);
        try (TokenFile tokens = Tiny.tokens(dir.resolve("tokens"), Tiny.text(150))) {
            Trainer whole = new Trainer(Tiny.model(1), config, tokens.split(0.1));
            Path saved = Files.createDirectory(dir.resolve("saved"));
            for (int s = 0; s < 30; s++) {
                if (s == 11) {
                    Checkpoint.save(whole.model(), saved);
                    whole.save(saved);
                }
                long seen = whole.state().tokens();
                long tokensOfStep = config.batching().tokens(seen);
                assertThat(whole.step().tokens()).isEqualTo(seen + tokensOfStep);
            }
            assertThat(whole.state().tokens()).isEqualTo(config.batching().tokens(0, 30));
            Trainer second = new Trainer(Checkpoint.load(saved), config, tokens.split(0.1));
            second.restore(saved);
            for (int s = 11; s < 30; s++) {
                second.step();
            }
            assertThat(bits(second.model())).isEqualTo(bits(whole.model()));
        }
    }

    private static List<Integer> bits(DeepSeekModel model) {
        return model.parameters().stream()
                .map(p -> Arrays.hashCode(p.value().toArray()))
                .toList();
    }

    @Test
    void anUnseenSizeIsOnTheLineThroughTheLargestTwo() {
        StepTimes times = new StepTimes();
        assertThatThrownBy(() -> times.of(4)).hasMessageContaining("no step");
        for (int i = 0; i < 40; i++) {
            times.add(4, i < 8 ? 100 : 2);
        }
        assertThat(times.of(4)).isEqualTo(2);
        assertThat(times.of(8)).isEqualTo(3);
        times.add(8, 2.5);
        assertThat(times.of(8)).isEqualTo(2.5);
        assertThat(times.of(16)).isEqualTo(3.5);
        // Noise cannot make more work cheaper, nor dearer than in proportion.
        times.add(16, 1);
        assertThat(times.of(32)).isEqualTo(1);
        times.add(32, 100);
        assertThat(times.of(64)).isEqualTo(200);
    }

    @Test
    void aFreshEmbeddingHasUnitSize() {
        TrainConfig config = growing(1);
        DeepSeekModel model = FreshModel.of(Tiny.config(), config, new Fp8Watch(Precision.FP32));
        for (Parameter p : model.parameters()) {
            double std = switch (p.role()) {
                case EMBEDDING -> 1;
                case MATRIX, HEAD -> 0.02;
                case NORM, BUFFER -> Double.NaN;
            };
            if (!Double.isNaN(std)) {
                float[] x = p.value().toArray();
                double squares = 0;
                for (float v : x) {
                    squares += v * (double) v;
                }
                double error = 4 / Math.sqrt(2.0 * x.length);
                assertThat(Math.sqrt(squares / x.length) / std).as(p.name()).isCloseTo(1, offset(error));
            }
        }
    }
}
