package dev.eva.tests.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --device} as a user gives it: the packaged jar, a process a device. */
@Tag("device")
class DeviceCommandsTest {
    private static final Path JAR = Path.of(System.getProperty("eva.jar"));
    private static final Pattern LOSS = Pattern.compile("\"loss\":([0-9.eE+-]+)");
    /** Multiply-adds from which a product is the device's: those of layers, not of Muon's many little ones. */
    private static final int TRAINING = 300_000;
    /** Those of one token. */
    private static final int GENERATING = 1000;

    /** The devices add in other orders; over these steps rounding grows to less than that. */
    private static final double TOLERANCE = 2e-3;

    @TempDir
    Path dir;

    private record Ended(int code, String out, String err) {}

    @BeforeAll
    static void device() {
        OnDevice.choose();
        assumeThat(JAR).as("mvn verify packages it before these tests").exists();
    }

    @Test
    void trainingFollowsTheHostsLossesAndGreedyTextIsTheSame() throws Exception {
        Path text =
                Files.writeString(dir.resolve("text.txt"), "To be, or not to be, that is the question.\n".repeat(400));
        List<List<Double>> losses = new ArrayList<>();
        for (String device : List.of("cpu", "gpu")) {
            Ended trained = eva(
                    TRAINING,
                    "train",
                    "--preset",
                    "mini",
                    "--data",
                    text.toString(),
                    "--steps",
                    "5",
                    "--out",
                    device,
                    "--device",
                    device);
            assertThat(trained.code).as(trained.err).isZero();
            assertThat(trained.err.matches("(?s).*device: \\d+: .*")).isEqualTo(device.equals("gpu"));
            losses.add(losses(dir.resolve(device).resolve("metrics.jsonl")));
        }
        assertThat(losses.get(0)).hasSameSizeAs(losses.get(1)).hasSizeGreaterThan(4);
        for (int i = 0; i < losses.get(0).size(); i++) {
            assertThat(losses.get(1).get(i))
                    .as("loss %d", i)
                    .isCloseTo(losses.get(0).get(i), within(TOLERANCE));
        }
        Ended host = generate("cpu");
        Ended onDevice = generate("gpu");
        assertThat(onDevice.err).containsPattern("device: \\d+: ");
        assertThat(onDevice.out).isEqualTo(host.out).hasSizeGreaterThan(60);
    }

    private Ended generate(String device) throws Exception {
        Ended ended = eva(
                "generate", "cpu", "--prompt", "To be", "--temperature", "0", "--max-tokens", "60", "--device", device);
        assertThat(ended.code).as(ended.err).isZero();
        return ended;
    }

    @Test
    void devicesAreListedAndOthersRefused() throws Exception {
        assertThat(eva("devices").out).contains("gpu:0", "compute units", "local memory", "driver");
        assertThat(eva("doctor").out).contains("--device gpu:0");
        Ended refused = eva("generate", "none", "--device", "gpu:99");
        assertThat(refused.code).isEqualTo(1);
        assertThat(refused.err).contains("--device gpu:99: no OpenCL device 99; there are 0: ");
        Ended wrong = eva("generate", "none", "--device", "tpu");
        assertThat(wrong.code).isEqualTo(2);
        assertThat(wrong.err).contains("--device: tpu; need auto, cpu, gpu or gpu:N");
    }

    private static List<Double> losses(Path metrics) throws IOException {
        List<Double> losses = new ArrayList<>();
        Matcher m = LOSS.matcher(Files.readString(metrics));
        while (m.find()) {
            losses.add(Double.valueOf(m.group(1)));
        }
        return losses;
    }

    private Ended eva(String... args) throws Exception {
        return eva(GENERATING, args);
    }

    /** Without the test's own LD_PRELOAD, which the jar has to set. */
    private Ended eva(int smallest, String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Deva.opencl.smallest=" + smallest,
                "-Xmx1g",
                "-jar",
                JAR.toString()));
        command.addAll(List.of(args));
        Path out = dir.resolve("out");
        Path err = dir.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().remove("LD_PRELOAD");
        int code = builder.start().waitFor();
        return new Ended(
                code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
    }
}
