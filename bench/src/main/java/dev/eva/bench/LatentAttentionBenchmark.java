package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.LatentCase;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.tensor.kernel.LatentAttention}: sixteen heads of one token over a cache of rows of 256 + 32. */
public class LatentAttentionBenchmark extends KernelBenchmark {
    /** Rows of the cache. */
    @Param({"1024", "32768"})
    int length;

    @Override
    Case measured() {
        return new LatentCase(16, length, 256, 32);
    }
}
