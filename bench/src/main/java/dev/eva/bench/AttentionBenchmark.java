package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.AttentionCase;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.tensor.kernel.Attention}: causal, eight heads of width 64. */
public class AttentionBenchmark extends KernelBenchmark {
    @Param({"false", "true"})
    boolean backward;

    /** Positions. */
    @Param({"128", "512", "2048"})
    int t;

    @Override
    Case measured() {
        return new AttentionCase(backward, 8, t, 64, 64);
    }
}
