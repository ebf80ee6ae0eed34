package dev.eva.tests.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.eva.gpu.DeviceChoice;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** The kernels of this process are the device's: for tests tagged {@code device}, which have one of their own. */
final class OnDevice {
    private OnDevice() {}

    /** Skips where there is no device, and fails in continuous integration. */
    static void choose() {
        Optional<String> why = DeviceChoice.unavailable();
        if (why.isPresent()) {
            if ("true".equals(System.getenv("CI"))) {
                fail("no device test may be skipped here: " + why.get());
            }
            abort(why.get());
        }
        System.setProperty("eva.kernels", "opencl");
        assertThat(Kernels.summary()).startsWith("kernels: opencl (");
    }
}
