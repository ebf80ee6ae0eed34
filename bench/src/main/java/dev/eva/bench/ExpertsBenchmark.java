package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.ExpertsCase;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.tensor.kernel.Gemm#multiplyGrouped}: a product an expert, uneven shares. */
public class ExpertsBenchmark extends KernelBenchmark {
    @Param({"8", "64", "256"})
    int experts;

    @Override
    Case measured() {
        return new ExpertsCase(experts, 4096, 384, 512);
    }
}
