package dev.eva.bench;

import dev.eva.tensor.kernel.AdamWKernel;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Normalization;
import dev.eva.tensor.kernel.Reduction;
import dev.eva.tensor.kernel.SoftmaxKernel;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The kernels between the products, on one thread, beside what bounds them: {@code copy} is System.arraycopy. The
 * counter {@code bytes} is bytes read and written a second.
 *
 * <p>For example {@code java -jar bench/target/benchmarks.jar RowKernel -p kernel=copy,adamW -p n=8388608}; the scalar
 * reference with {@code -jvmArgsAppend -Deva.kernels=reference}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Xmx2g"})
public class RowKernelBenchmark {
    private static final int WIDTH = 256;

    /** Elements: a part of the second-level cache, and more than all caches. */
    @Param({"32768", "8388608"})
    int n;

    @Param({
        "copy",
        "sumOfSquares",
        "add",
        "silu",
        "siluBackward",
        "swiGlu",
        "swiGluBackward",
        "rmsNorm",
        "rmsNormBackward",
        "softmax",
        "crossEntropy",
        "crossEntropyBackward",
        "adamW"
    })
    String kernel;

    private DoubleSupplier pass;
    private int bytesPerElement;

    /** Bytes that passed. */
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    @State(Scope.Thread)
    public static class Traffic {
        public long bytes;
    }

    @Setup(Level.Trial)
    public void setUp() {
        SplittableRandom random = new SplittableRandom(1);
        float[] a = values(random);
        float[] b = values(random);
        float[] c = values(random);
        float[] d = new float[n];
        pass = switch (kernel) {
            case "copy" -> timed(8, () -> System.arraycopy(a, 0, b, 0, n));
            case "sumOfSquares" -> {
                Reduction reduction = Kernels.find(Reduction.class, Reduction.REFERENCE);
                bytesPerElement = 4;
                yield () -> reduction.sumOfSquares(n, a, 0);
            }
            case "rmsNorm", "rmsNormBackward" -> normalization(a, b, c, d);
            case "softmax", "crossEntropy", "crossEntropyBackward" -> softmax(a, b, d);
            case "adamW" -> {
                AdamWKernel adamW = Kernels.find(AdamWKernel.class, AdamWKernel.REFERENCE);
                AdamWKernel.Step step = AdamWKernel.Step.at(10, 1e-9f, 0.1f, 0.9, 0.95, 1e-8);
                yield timed(28, () -> adamW.step(n, step, a, 0, b, 0, c, 0, d, 0));
            }
            default -> map(a, b, c);
        };
    }

    private DoubleSupplier map(float[] a, float[] b, float[] c) {
        Elementwise map = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
        int rows = n / 2 / WIDTH;
        return switch (kernel) {
            case "add" -> timed(12, () -> map.add(n, a, 0, c, 0, b, 0));
            case "silu" -> timed(8, () -> map.silu(n, a, 0, b, 0));
            case "siluBackward" -> timed(12, () -> map.siluBackward(n, a, 0, c, 0, b, 0));
            case "swiGlu" -> timed(6, () -> map.swiGlu(rows, WIDTH, a, 0, b, 0));
            case "swiGluBackward" -> timed(10, () -> map.swiGluBackward(rows, WIDTH, a, 0, c, 0, b, 0));
            default -> throw new IllegalArgumentException("kernel: " + kernel + "; see the names in this class");
        };
    }

    private DoubleSupplier normalization(float[] x, float[] out, float[] dOut, float[] rstd) {
        Normalization norm = Kernels.find(Normalization.class, Normalization.REFERENCE);
        int rows = n / WIDTH;
        float[] w = new float[WIDTH];
        float[] dW = new float[WIDTH];
        return kernel.equals("rmsNorm")
                ? timed(8, () -> norm.rmsNorm(rows, WIDTH, 1e-6f, x, 0, w, 0, out, 0, rstd, 0))
                : timed(12, () -> norm.rmsNormBackward(rows, WIDTH, x, 0, w, 0, rstd, 0, dOut, 0, out, 0, dW, 0));
    }

    private DoubleSupplier softmax(float[] x, float[] out, float[] lse) {
        SoftmaxKernel softmax = Kernels.find(SoftmaxKernel.class, SoftmaxKernel.REFERENCE);
        int rows = n / WIDTH;
        int[] targets = new int[rows];
        return switch (kernel) {
            case "softmax" -> timed(8, () -> softmax.softmax(rows, WIDTH, x, 0, out, 0));
            case "crossEntropy" -> timed(4, () -> softmax.crossEntropy(rows, WIDTH, x, 0, targets, 0, out, 0, lse, 0));
            default ->
                timed(8, () -> softmax.crossEntropyBackward(rows, WIDTH, 0.1f, x, 0, targets, 0, lse, 0, out, 0));
        };
    }

    private DoubleSupplier timed(int bytes, Runnable kernelPass) {
        bytesPerElement = bytes;
        return () -> {
            kernelPass.run();
            return 0;
        };
    }

    private float[] values(SplittableRandom random) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) (4 * random.nextDouble() - 2);
        }
        return x;
    }

    @Benchmark
    public double pass(Traffic traffic) {
        traffic.bytes += (long) bytesPerElement * n;
        return pass.getAsDouble();
    }
}
