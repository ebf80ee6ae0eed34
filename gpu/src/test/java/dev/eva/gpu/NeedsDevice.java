package dev.eva.gpu;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.Optional;

/** Tests that need an OpenCL device are skipped where there is none, and fail in continuous integration. */
final class NeedsDevice {
    private NeedsDevice() {}

    /** Goes on only with a device. */
    static void check() {
        Optional<String> why = DeviceChoice.unavailable();
        if (why.isPresent()) {
            if ("true".equals(System.getenv("CI"))) {
                fail("no device test may be skipped here: " + why.get());
            }
            abort(why.get());
        }
    }
}
