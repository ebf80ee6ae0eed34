package dev.eva.tests.cli;

import static dev.eva.tests.cli.Cli.eva;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.tests.golden.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a user sees of a comparison, good or bad. */
class ParityCommandTest {
    private static final int FAILED = 1;

    @TempDir
    Path dir;

    @Test
    void printsALineForEachKindOfQuantity() {
        Path folder = Golden.unpack("v2-lite-tiny", dir);

        Cli run = eva("parity", folder.toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out().replaceAll(" +", " "))
                .contains("quantity difference relative tolerance")
                .containsPattern("grad\\.\\* \\(83\\) .*5e-05 of the largest \\+ 1e-06 PASS")
                .containsPattern("logits \\S+ \\S+ 2e-04 PASS")
                .endsWith(folder + ": 102 passed, 0 failed, 0 skipped\n");
        assertThat(eva("parity", folder.toString(), "--all").out().lines()).hasSize(1 + 102 + 2);
    }

    /** One number of each changed by a little more than its tolerance. */
    @ParameterizedTest
    @CsvSource({
        "v2-lite-tiny, expected,                     hidden.2, 5e-2, '[0, 0, 3]'",
        "v2-lite-tiny, expected,             router.2.weights, 5e-5, '[1, 0]'",
        "v2-lite-tiny, expected, grad.model.layers.1.mlp.gate.weight, 1e-2, '[0, 3]'",
        "v2-lite-tiny, expected,                generated_ids,    1, '[0, 3]'",
        "rope-tables,  rope,                           k2.cos, 2e-3, '[0, 3]'",
        "router,       router,                    7.bias_next, 1e-5, '[3]'",
        "fp8-codec,    codec,                e4m3fn.codes_sat,    1, '[3]'",
    })
    void namesTheQuantityThatFails(String name, String file, String quantity, float by, String place) {
        Path folder = Golden.unpack(name, dir);
        tamper(folder.resolve(file + ".safetensors"), quantity, by);

        Cli run = eva("parity", folder.toString());

        assertThat(run.code()).isEqualTo(FAILED);
        assertThat(run.err()).isEmpty();
        assertThat(run.out().lines().filter(l -> l.startsWith("FAIL ")))
                .singleElement()
                .asString()
                .startsWith("FAIL " + quantity + ": is ")
                .contains(" at " + place + "; the reference is ");
        assertThat(run.out()).contains(", 1 failed, 0 skipped");
    }

    @Test
    void aTrainingCaseFailsToo() {
        Golden.unpack("v3-tiny", dir);
        Path folder = Golden.unpack("train-v3-tiny", dir);
        tamper(folder.resolve("expected.safetensors"), "bias", 1e-3f);

        Cli run = eva("parity", folder.toString());

        assertThat(run.code()).isEqualTo(FAILED);
        assertThat(run.out()).contains("FAIL bias: is ", ", 1 failed, 0 skipped");
    }

    @Test
    void skipsWhatNobodyKnows() {
        Path folder = Golden.unpack("router", dir);
        Golden.rewrite(folder.resolve("router.safetensors"), w -> w.add("riddle", new float[] {1}, 0, 1));

        Cli run = eva("parity", folder.toString());

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("SKIP riddle: unknown quantity", "760 passed, 0 failed, 1 skipped");
    }

    @Test
    void anotherSizeFails() {
        Path folder = Golden.unpack("router", dir);
        Golden.rewrite(folder.resolve("router.safetensors"), w -> w.add("3.balance_loss", new float[2], 0, 2));
        Golden.rewrite(folder.resolve("router.safetensors"), w -> w.add("5.weights", new float[2], 0, 2));

        Cli run = eva("parity", folder.toString());

        assertThat(run.code()).isEqualTo(FAILED);
        assertThat(run.out()).contains("FAIL 5.weights: has 10 values; the reference has 2");
    }

    @Test
    void writesJson() {
        Path folder = Golden.unpack("router", dir);
        tamper(folder.resolve("router.safetensors"), "7.bias_next", Float.NaN);

        Cli run = eva("parity", folder.toString(), "--json");

        assertThat(run.code()).isEqualTo(FAILED);
        JsonNode json = JsonMapper.shared().readTree(run.out());
        assertThat(json.get("passed").intValue()).isEqualTo(759);
        assertThat(json.get("failed").intValue()).isEqualTo(1);
        assertThat(json.get("skipped").intValue()).isZero();
        JsonNode failed = StreamSupport.stream(json.get("results").spliterator(), false)
                .filter(r -> r.get("verdict").asString().equals("FAIL"))
                .findFirst()
                .orElseThrow();
        assertThat(failed.get("quantity").asString()).isEqualTo("7.bias_next");
        assertThat(failed.get("difference").isNull()).isTrue();
    }

    @Test
    void missingFilesAreOneLine() throws IOException {
        expect(dir.resolve("none"), "none: no such folder");
        expect(Files.createDirectory(dir.resolve("empty")), "empty: nothing to compare; need expected.safetensors");
        Path router = Golden.unpack("router", dir);
        Files.delete(router.resolve("router.json"));
        expect(router, "router.json: no such file");
        Path rope = Golden.unpack("rope-tables", dir);
        Files.writeString(rope.resolve("rope.json"), "{");
        expect(rope, "rope.json: not JSON");
        Path training = Golden.unpack("train-v3-tiny", dir);
        expect(training, dir.resolve("v3-tiny") + ": no such file or folder");
        Path model = Golden.unpack("v2-tiny", dir);
        Files.delete(model.resolve("config.json"));
        expect(model, "v2-tiny: not a checkpoint: no config.json in it");
        Files.copy(Golden.unpack("v2-lite-tiny", dir).resolve("config.json"), model.resolve("config.json"));
        Files.delete(model.resolve("expected.safetensors"));
        expect(model, "expected.safetensors: no such file");
    }

    private static void expect(Path folder, String message) {
        Cli run = eva("parity", folder.toString());
        assertThat(run.err().lines()).as("one line").singleElement();
        assertThat(run.err()).startsWith("eva parity: ").contains(message).doesNotContain("Exception");
        assertThat(run.out()).isEmpty();
        assertThat(run.code()).isEqualTo(FAILED);
    }

    /** Adds to the value with index 3. */
    private static void tamper(Path path, String quantity, float by) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            switch (file.entry(quantity).type()) {
                case F32 -> {
                    var values = file.tensor(quantity);
                    values.array()[3] += by;
                    Golden.rewrite(path, w -> w.add(quantity, values));
                }
                default -> {
                    var values = file.ints(quantity);
                    values.array()[3] += (int) by;
                    Golden.rewrite(path, w -> w.add(quantity, values));
                }
            }
        }
    }
}
