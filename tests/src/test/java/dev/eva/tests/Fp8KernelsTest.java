package dev.eva.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.fp8.Fp8Kernel;
import dev.eva.tensor.kernel.Kernels;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Kernels of a module other than tensor are found in the assembled program, and left alone when others are forced. */
@Tag("kernels")
class Fp8KernelsTest {
    @Test
    void theChosenKernelsIncludeThoseOfFp8() {
        boolean reference = Kernels.summary().contains("kernels: reference");
        boolean wide = Kernels.candidates().stream().anyMatch(c -> c.reason().matches("FP8, \\d+ lanes"));
        boolean found = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE) != Fp8Kernel.REFERENCE;
        assertThat(found).isEqualTo(!reference && wide);
    }
}
