package dev.eva.bench;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Weight;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Bf16Matrix;
import dev.eva.tensor.kernel.F32Matrix;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Products with weights that stay in their stored type, beside each other in one process: {@code java --add-modules
 * jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp bench/target/benchmarks.jar dev.eva.bench.StoredTable}.
 * Medians of 7 in turn; few rows over matrices that no cache holds, with the rate of a plain sum beside them; many rows
 * beside the product with a weight in float32 that was packed before.
 */
public final class StoredTable {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final Reduction REDUCTION = Kernels.find(Reduction.class, Reduction.REFERENCE);
    private static final int SAMPLES = 7;

    private StoredTable() {}

    /** @param args columns of the matrices of few rows, 8192 where there are none */
    public static void main(String[] args) {
        int k = args.length == 0 ? 8192 : Integer.parseInt(args[0]);
        for (int threads : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
            Parallel.setThreads(threads);
            few(threads, k);
            many(threads);
        }
    }

    private static void few(int threads, int k) {
        int n = (1 << 27) / k;
        try (Arena arena = Arena.ofShared()) {
            FrozenMatrix[] weights = weights(arena, n, k);
            float[] sum = new float[1 << 26];
            System.out.printf("%n%d threads; reading %.1f GB/s%n", threads, 4.0 * sum.length / read(sum) / 1e9);
            System.out.println("| rows | F32 us | GB/s | BF16 us | GB/s | F32/BF16 | FP8 us | GB/s | F32/FP8 |");
            System.out.println("|---|---|---|---|---|---|---|---|---|");
            for (int m : new int[] {1, 2, 4, 8, 16}) {
                double[] s =
                        times(m, n, k, Arrays.stream(weights).map(GEMM::prepare).toArray(Gemm.Prepared[]::new));
                System.out.printf(
                        Locale.ROOT,
                        "| %d | %.0f | %.1f | %.0f | %.1f | %.2f | %.0f | %.1f | %.2f |%n",
                        m,
                        s[0] * 1e6,
                        weights[0].bytes() / s[0] / 1e9,
                        s[1] * 1e6,
                        weights[1].bytes() / s[1] / 1e9,
                        s[0] / s[1],
                        s[2] * 1e6,
                        weights[2].bytes() / s[2] / 1e9,
                        s[0] / s[2]);
            }
        }
    }

    private static void many(int threads) {
        int n = 4096;
        int k = 4096;
        try (Arena arena = Arena.ofShared()) {
            FrozenMatrix[] weights = weights(arena, n, k);
            float[] w = new float[n * k];
            for (int i = 0; i < n; i++) {
                weights[0].widen(i, 0, k, w, i * k);
            }
            Gemm.Prepared packed = GEMM.prepare(1, k, n, w, 0, 0, 1, k, null);
            System.out.println("| rows | packed F32 GFLOP/s | F32 | ratio | BF16 | ratio | FP8 | ratio |");
            System.out.println("|---|---|---|---|---|---|---|---|");
            for (int m : new int[] {16, 32, 64, 128, 512}) {
                double[] s = times(
                        m, n, k, packed, GEMM.prepare(weights[0]), GEMM.prepare(weights[1]), GEMM.prepare(weights[2]));
                double flops = 2.0 * m * n * k / 1e9;
                System.out.printf(
                        Locale.ROOT,
                        "| %d | %.0f | %.0f | %.2f | %.0f | %.2f | %.0f | %.2f |%n",
                        m,
                        flops / s[0],
                        flops / s[1],
                        s[0] / s[1],
                        flops / s[2],
                        s[0] / s[2],
                        flops / s[3],
                        s[0] / s[3]);
            }
        }
    }

    /** The same random matrix as F32, BF16 and FP8, in native memory. */
    private static FrozenMatrix[] weights(Arena arena, int n, int k) {
        long size = (long) n * k;
        MemorySegment f32 = arena.allocate(4 * size, 64);
        MemorySegment bf16 = arena.allocate(2 * size, 64);
        MemorySegment fp8 = arena.allocate(size, 64);
        SplittableRandom random = new SplittableRandom(1);
        float[] some = new float[1 << 16];
        for (int i = 0; i < some.length; i++) {
            some[i] = (float) random.nextGaussian();
        }
        for (long i = 0; i < size; i++) {
            float v = some[(int) ((i + (i >> 16) * 7919) & (some.length - 1))];
            f32.setAtIndex(ValueLayout.JAVA_FLOAT, i, v);
            bf16.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(v) >>> 16));
            fp8.set(ValueLayout.JAVA_BYTE, i, Fp8Format.E4M3.encode(64 * v));
        }
        float[] scales = new float[Fp8Blocks.blocks(n) * Fp8Blocks.blocks(k)];
        Arrays.fill(scales, 1 / 64f);
        return new FrozenMatrix[] {
            new F32Matrix(f32, n, k), new Bf16Matrix(bf16, n, k), new Fp8Weight(Fp8Format.E4M3, fp8, scales, n, k)
        };
    }

    private static double read(float[] x) {
        double[] times = new double[SAMPLES];
        int part = 1 << 16;
        for (int i = -3; i < SAMPLES; i++) {
            long start = System.nanoTime();
            Parallel.run(x.length / part, t -> {
                if (REDUCTION.sum(part, x, t * part) == 1) {
                    throw new AssertionError("zeros");
                }
            });
            if (i >= 0) {
                times[i] = (System.nanoTime() - start) / 1e9;
            }
        }
        Arrays.sort(times);
        return times[SAMPLES / 2];
    }

    private static double[] times(int m, int n, int k, Gemm.Prepared... weights) {
        float[] x = new float[m * k];
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        float[] y = new float[m * n];
        double[][] times = new double[weights.length][SAMPLES];
        for (int i = -3; i < SAMPLES; i++) {
            for (int w = 0; w < weights.length; w++) {
                long start = System.nanoTime();
                GEMM.multiply(m, x, 0, k, 1, weights[w], null, 0, 0f, y, 0, n);
                if (i >= 0) {
                    times[w][i] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        return Arrays.stream(times)
                .mapToDouble(t -> Arrays.stream(t).sorted().toArray()[SAMPLES / 2])
                .toArray();
    }
}
