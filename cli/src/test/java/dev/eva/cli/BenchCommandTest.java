package dev.eva.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {
    @TempDir
    Path dir;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final int threads = Parallel.threads();

    @AfterEach
    void restoreThreads() {
        Parallel.setThreads(threads);
    }

    private int eva(Object... args) {
        String[] words = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        return Eva.run(new PrintWriter(out), new PrintWriter(err), words);
    }

    /** All but the lines of progress, which come where it takes long. */
    private List<String> errors() {
        return err.toString()
                .lines()
                .filter(line -> !line.matches("\\d+ of \\d+  (gemm|train) .*  \\d+:\\d\\d"))
                .toList();
    }

    @Test
    void kernelsBesideTheReference() throws Exception {
        Path json = dir.resolve("bench.json");
        Path html = dir.resolve("bench.html");
        int code = eva(
                "bench",
                "--quick",
                "--device",
                "cpu",
                "--what",
                "gemm",
                "--only",
                "64x64x64",
                "--json",
                json,
                "--html",
                html,
                "--threads",
                1);

        assertThat(errors()).isEmpty();
        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("processor", "ceilings", "64x64x64", "cpu", "reference")
                .contains("compared with the scalar reference")
                .doesNotContain("128x128x128", "tokens/s", "transfers");
        JsonNode root = JsonMapper.builder().build().readTree(Files.readString(json));
        assertThat(root.path("machine").path("threads").asInt()).isEqualTo(1);
        assertThat(root.path("machine").path("java").asString()).contains("25");
        assertThat(root.path("verified").asString()).contains("reference");
        JsonNode figures = root.path("figures");
        for (String name : new String[] {"peak.fma", "peak.read", "gemm.64x64x64.cpu.gflops"}) {
            assertThat(figures.path(name).path("value").asDouble()).as(name).isPositive();
        }
        double median = figures.path("gemm.64x64x64.cpu.median").path("value").asDouble();
        assertThat(figures.path("gemm.64x64x64.cpu.gflops").path("value").asDouble() * median * 1e3)
                .isCloseTo(2.0 * 64 * 64 * 64, org.assertj.core.data.Percentage.withPercentage(0.01));
        assertThat(Files.readString(html)).contains("under the roof", "data:image/png", "<code>64x64x64</code>");
    }

    @Test
    void wholeModelsRunInAProcessForEachChoiceOfKernels() throws Exception {
        Path json = dir.resolve("bench.json");
        int code = eva(
                "bench",
                "--quick",
                "--device",
                "cpu",
                "--what",
                "train",
                "--only",
                "shakespeare-bench-2x32",
                "--json",
                json);

        assertThat(errors()).isEmpty();
        assertThat(code).isZero();
        JsonNode figures =
                JsonMapper.builder().build().readTree(Files.readString(json)).path("figures");
        assertThat(figures.path("train.shakespeare-bench-2x32.cpu.rate")
                        .path("unit")
                        .asString())
                .isEqualTo("tokens/s");
        assertThat(figures.path("train.shakespeare-bench-2x32.reference.rate")
                        .path("value")
                        .asDouble())
                .isPositive();
    }

    @Test
    void whatIsNotThereIsOneLine() {
        assertThat(eva("bench", "--device", "tpu")).isEqualTo(2);
        assertThat(eva("bench", "--what", "gems")).isEqualTo(2);
        assertThat(eva("bench", "--quick", "--what", "gemm", "--device", "cpu", "--only", "nothing"))
                .isEqualTo(1);
        assertThat(eva("bench", "--threads", 0)).isEqualTo(2);
        assertThat(eva("bench", "--device", "gpu:99")).isEqualTo(1);
        assertThat(err.toString().lines())
                .hasSize(5)
                .satisfiesExactly(
                        l -> assertThat(l).contains("--device tpu", "need cpu, gpu"),
                        l -> assertThat(l).contains("--what", "gems", "need some of [gemm, fp8, "),
                        l -> assertThat(l).contains("nothing to measure", "--only nothing"),
                        l -> assertThat(l).contains("--threads 0"),
                        l -> assertThat(l).contains("--device gpu:99: "));
        System.clearProperty("eva.opencl.device");
    }

    @Test
    void aDeviceThatIsNotThereIsAnErrorThatNamesWhatIsMissing() {
        boolean there = Kernels.names().contains("opencl")
                && Kernels.unavailable("opencl").isEmpty();
        org.junit.jupiter.api.Assumptions.assumeFalse(there, "this machine has a device");
        assertThat(eva("bench", "--quick", "--device", "gpu", "--what", "gemm")).isEqualTo(1);
        assertThat(err.toString()).startsWith("eva bench: --device gpu: ").hasLineCount(1);
    }
}
