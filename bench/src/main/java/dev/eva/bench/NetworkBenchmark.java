package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.NetworkCase;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.tensor.kernel.FeedForwardKernel}: a network in one where that pays, else two products and SwiGLU. */
public class NetworkBenchmark extends KernelBenchmark {
    @Param({"64", "1024"})
    int tokens;

    @Override
    Case measured() {
        return new NetworkCase(tokens, 384, 1024);
    }
}
