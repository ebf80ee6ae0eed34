package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.cases.DequantizeCase;
import org.openjdk.jmh.annotations.Param;

/** {@link dev.eva.fp8.Fp8Kernel}: E4M3 to F32 in blocks of 128 x 128. */
public class Fp8DequantizeBenchmark extends KernelBenchmark {
    @Param({"1024", "4096"})
    int n;

    @Override
    Case measured() {
        return new DequantizeCase(n, n);
    }
}
