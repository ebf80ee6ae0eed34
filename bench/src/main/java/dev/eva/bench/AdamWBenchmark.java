package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.RowCases;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.tensor.kernel.AdamWKernel}. */
public class AdamWBenchmark extends KernelBenchmark {
    @Param({"adamw"})
    String kernel;

    /** Elements: a part of the second-level cache, and more than all caches. */
    @Param({"32768", "8388608"})
    int n;

    @Override
    Case measured() {
        return RowCases.of(kernel, n);
    }
}
