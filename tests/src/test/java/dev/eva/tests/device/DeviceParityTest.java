package dev.eva.tests.device;

import dev.eva.tests.golden.GoldenParityTest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

/** The golden suites once more, every product on the device. */
@Tag("device")
class DeviceParityTest extends GoldenParityTest {
    @BeforeAll
    static void device() {
        OnDevice.choose();
    }
}
