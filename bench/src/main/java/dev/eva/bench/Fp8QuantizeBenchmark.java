package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.QuantizeCase;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.fp8.Fp8Kernel}: F32 to E4M3 in tiles of 1 x 128. */
public class Fp8QuantizeBenchmark extends KernelBenchmark {
    @Param({"1024", "4096"})
    int n;

    @Override
    Case measured() {
        return new QuantizeCase(n, n);
    }
}
