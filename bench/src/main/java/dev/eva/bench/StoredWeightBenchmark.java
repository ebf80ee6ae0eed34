package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.StoredCase;
import org.openjdk.jmh.annotations.Param;

/** Products with a weight that stays in its stored type, F32, BF16 or FP8: of few rows the speed of memory. */
public class StoredWeightBenchmark extends KernelBenchmark {
    @Param({"F32", "BF16", "FP8"})
    StoredCase.Type type;

    /** Rows of x. */
    @Param({"1", "4", "16", "64", "256"})
    int m;

    @Param("16384")
    int n;

    @Param("4096")
    int k;

    @Override
    Case measured() {
        return new StoredCase(type, m, n, k);
    }
}
