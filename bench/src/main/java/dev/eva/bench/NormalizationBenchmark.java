package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.RowCases;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.tensor.kernel.Normalization} of rows of 256. */
public class NormalizationBenchmark extends KernelBenchmark {
    @Param({"rmsnorm", "rmsnorm-backward"})
    String kernel;

    /** Elements: a part of the second-level cache, and more than all caches. */
    @Param({"32768", "8388608"})
    int n;

    @Override
    Case measured() {
        return RowCases.of(kernel, n);
    }
}
