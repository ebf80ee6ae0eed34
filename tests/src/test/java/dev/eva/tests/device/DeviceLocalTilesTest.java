package dev.eva.tests.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.gpu.DeviceChoice;
import dev.eva.tests.golden.Golden;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A golden model once more as a GPU computes it, with its gradients: tiles in local memory, and with them feed-forward
 * networks in one run. Kernels are chosen once a process, so it has its own.
 */
@Tag("device")
class DeviceLocalTilesTest {
    @TempDir
    Path dir;

    @BeforeAll
    static void device() {
        OnDevice.choose();
    }

    @Test
    void aModelAgrees() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Deva.kernels=opencl",
                        "-Deva.opencl.tile=local",
                        "-Deva.opencl.smallest=1",
                        "-D" + DeviceChoice.PROPERTY + "="
                                + DeviceChoice.chosen().number(),
                        "-jar",
                        System.getProperty("eva.jar"),
                        "parity",
                        Golden.unpack("v3-tiny", dir).toString())
                .redirectErrorStream(true)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(out).isZero();
        Optional<String> last =
                out.lines().filter(line -> line.contains(" passed, ")).findFirst();
        assertThat(last).as(out).isPresent();
        int passed = Integer.parseInt(last.get().replaceFirst(".*: (\\d+) passed.*", "$1"));
        assertThat(passed).as(out).isGreaterThan(100);
        assertThat(last.get()).contains(" 0 failed, 0 skipped");
    }
}
