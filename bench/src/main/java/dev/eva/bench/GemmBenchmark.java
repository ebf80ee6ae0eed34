package dev.eva.bench;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.cases.GemmCase;
import dev.eva.measure.cases.Shape;
import org.openjdk.jmh.annotations.Param;

/**
 * {@link dev.eva.tensor.kernel.Gemm} in F32, the weight prepared once; {@code -p provider=vector,openblas} puts
 * OpenBLAS beside it.
 */
public class GemmBenchmark extends KernelBenchmark {
    @Param({
        "64x64x64",
        "128x128x128",
        "256x256x256",
        "384x384x384",
        "512x512x512",
        "768x768x768",
        "1024x1024x1024",
        "1536x1536x1536",
        "2048x2048x2048",
        "768x128x128_nt",
        "768x384x384_nt",
        "2048x1024x384_nt",
        "2048x384x1024_nt",
        "2048x4096x384_nt",
        "256x7168x512_nt",
        "128x2048x7168_nt",
        "1x4096x4096_nt",
        "4x4096x4096_nt",
        "16x4096x4096_nt"
    })
    String shape;

    @Override
    Case measured() {
        return new GemmCase(Shape.parse(shape));
    }

    @Override
    Running peer(Case of) {
        if (!provider.equals("openblas")) {
            return null;
        }
        OpenBlas.setThreads(threads);
        OpenBlas.Product product = new OpenBlas.Product((GemmCase) of);
        return new Running(product::run, product::result, () -> 0);
    }
}
