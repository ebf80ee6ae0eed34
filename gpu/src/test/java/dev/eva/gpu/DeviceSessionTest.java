package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.aparapi.Kernel;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A kernel runs on the device, or there is an error that says where it ran: never quietly in Java threads. */
class DeviceSessionTest {
    /** Cannot be translated: there is no OpenCL for a new object. */
    static final class Untranslatable extends Kernel {
        int[] out = new int[4];

        @Override
        public void run() {
            out[getGlobalId(0)] = new StringBuilder("x").length();
        }
    }

    /** Translated, but no OpenCL compiler takes it: min of a long and an int is ambiguous there. */
    static final class DoesNotBuild extends Kernel {
        int[] out = new int[4];

        @Override
        public void run() {
            out[getGlobalId(0)] = min(getGlobalId(0), 2);
        }
    }

    @BeforeAll
    static void device() {
        NeedsDevice.check();
    }

    @Test
    void whatCannotBeTranslatedIsAnError() {
        refused(new Untranslatable());
    }

    @Test
    void whatDoesNotBuildIsAnErrorWithItsCode() {
        assertThat(refused(new DoesNotBuild())).contains("__kernel void run(", "get_global_id(0)");
    }

    private static String refused(Kernel kernel) {
        DeviceSession session = DeviceSession.open(DeviceChoice.chosen());
        Throwable[] thrown = new Throwable[1];
        assertThatThrownBy(() -> session.run(kernel, session.range(4, 1, 1, 1), 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("opencl: kernel " + kernel.getClass().getSimpleName())
                .hasMessageContaining(session.device().name())
                .hasMessageContaining("its translation:")
                .satisfies(e -> thrown[0] = e);
        return thrown[0].getMessage();
    }
}
