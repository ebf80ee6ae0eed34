package dev.eva.bench;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Weight;
import dev.eva.measure.Interleaved;
import dev.eva.measure.Timing;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * What FP8 in memory is worth, each line a ratio of medians that took turns in this process: conversion beside a sum
 * and beside writing, products of few rows with a weight beyond every cache beside float32's and beside what a sum
 * reads, products of many rows beside the product with a weight that was packed before.
 *
 * <p>{@code java @cli/src/main/resources/dev/eva/cli/jvm.options @cli/src/main/resources/dev/eva/cli/jvm-linux.options
 * -cp bench/target/benchmarks.jar dev.eva.bench.Fp8Table [convert] [few1] [few2] [many1] [many2]}
 */
public final class Fp8Table {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final Reduction SUMS = Kernels.find(Reduction.class, Reduction.REFERENCE);
    private static final Fp8Kernel CONVERSION = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);
    private static final int RUNS = Integer.getInteger("eva.bench.samples", 7);
    private static final int WARM = 3;
    /** Values of the weight of few rows: 1 GiB in float32. */
    private static final int VALUES = Integer.getInteger("eva.bench.values", 1 << 28);

    private static final int COLUMNS = Integer.getInteger("eva.bench.columns", 8192);
    private static final int MANY = 4096;
    private static final int PART = 1 << 16;
    private static final float SCALE = 1 / 64f;

    private Fp8Table() {}

    public static void main(String[] args) {
        List<String> what = args.length == 0 ? List.of("convert", "few1", "few2", "many1", "many2") : List.of(args);
        for (String w : what) {
            int threads = w.endsWith("2") ? Runtime.getRuntime().availableProcessors() : 1;
            Parallel.setThreads(threads);
            switch (w) {
                case "convert" -> convert();
                case "few1", "few2" -> few(threads);
                case "many1", "many2" -> many(threads);
                default -> throw new IllegalArgumentException("fp8 table: no part is called " + w);
            }
        }
    }

    /** One thread, as many values as no cache holds. */
    private static void convert() {
        int n = VALUES / 2;
        float[] x = gaussian(n);
        byte[] codes = new byte[n];
        float[] scales = new float[n / Fp8Blocks.BLOCK];
        double[] sum = new double[1];
        List<Timing> t = Interleaved.time(WARM, RUNS, List.of(
                () -> sum[0] += SUMS.sum(n, x, 0),
                () -> CONVERSION.quantizeTiles(Fp8Format.E4M3, Fp8Scale.FLOAT32, n, x, 0, scales, 0, codes, 0),
                () -> CONVERSION.quantizeTiles(Fp8Format.E4M3, Fp8Scale.POWER_OF_TWO, n, x, 0, scales, 0, codes, 0)));
        print("1 thread, %d Mi values, G values/s: sum %.2f; quantise 1 x 128 %.2f, %.2f of the sum (at least 0.5);"
                + " scales that are powers of two %.2f, %.2f%n",
                n >> 20, rate(n, t.get(0)), rate(n, t.get(1)), ratio(t, 0, 1), rate(n, t.get(2)), ratio(t, 0, 2));
        t = Interleaved.time(WARM, RUNS, List.of(
                () -> Arrays.fill(x, 1f),
                () -> {
                    for (int i = 0; i < n; i += Fp8Blocks.BLOCK) {
                        float s = scales[i / Fp8Blocks.BLOCK];
                        CONVERSION.dequantize(Fp8Format.E4M3, Fp8Blocks.BLOCK, s, codes, i, x, i);
                    }
                }));
        print("write %.2f; dequantise %.2f, %.2f of writing (at least 0.6)%n",
                rate(n, t.get(0)), rate(n, t.get(1)), ratio(t, 0, 1));
    }

    private static void few(int threads) {
        int n = VALUES / COLUMNS;
        try (Arena arena = Arena.ofShared()) {
            FrozenMatrix[] weights = weights(arena, n, COLUMNS);
            float[] read = new float[VALUES / 4];
            for (int m : new int[] {1, 2, 4, 8, 16}) {
                List<Timing> t = times(m, n, COLUMNS, read, weights);
                double bytes = 4.0 * read.length / t.get(3).median() / 1e9;
                print("%d threads, %2d rows, (%d, %d), ms: F32 %.1f, BF16 %.1f, FP8 %.1f; F32/BF16 %.2f, F32/FP8 %.2f;"
                        + " a sum reads %.1f GB/s, F32 %.2f of it, BF16 %.2f, FP8 %.2f%n",
                        threads, m, n, COLUMNS,
                        t.get(0).median() * 1e3, t.get(1).median() * 1e3, t.get(2).median() * 1e3,
                        ratio(t, 0, 1), ratio(t, 0, 2), bytes,
                        weights[0].bytes() / t.get(0).median() / 1e9 / bytes,
                        weights[1].bytes() / t.get(1).median() / 1e9 / bytes,
                        weights[2].bytes() / t.get(2).median() / 1e9 / bytes);
            }
        }
    }

    private static List<Timing> times(int m, int n, int k, float[] read, FrozenMatrix[] weights) {
        float[] x = gaussian(m * k);
        float[] y = new float[m * n];
        List<Runnable> ways = new ArrayList<>();
        for (FrozenMatrix w : weights) {
            Gemm.Prepared prepared = GEMM.prepare(w);
            ways.add(() -> GEMM.multiply(m, x, 0, k, 1, prepared, null, 0, 0f, y, 0, n));
        }
        double[] sums = new double[read.length / PART];
        ways.add(() -> Parallel.run(sums.length, i -> sums[i] = SUMS.sum(PART, read, i * PART)));
        return Interleaved.time(WARM, RUNS, ways);
    }

    private static void many(int threads) {
        int n = MANY;
        int k = MANY;
        try (Arena arena = Arena.ofShared()) {
            FrozenMatrix[] weights = weights(arena, n, k);
            float[] w = new float[n * k];
            for (int i = 0; i < n; i++) {
                weights[0].widen(i, 0, k, w, i * k);
            }
            Gemm.Prepared packed = GEMM.prepare(1, k, n, w, 0, 0, 1, k, null);
            for (int m : new int[] {32, 64, 128, 512}) {
                float[] x = gaussian(m * k);
                float[] y = new float[m * n];
                List<Runnable> ways = new ArrayList<>();
                ways.add(() -> GEMM.multiply(m, x, 0, k, 1, packed, null, 0, 0f, y, 0, n));
                for (FrozenMatrix matrix : weights) {
                    Gemm.Prepared prepared = GEMM.prepare(matrix);
                    ways.add(() -> GEMM.multiply(m, x, 0, k, 1, prepared, null, 0, 0f, y, 0, n));
                }
                List<Timing> t = Interleaved.time(WARM, RUNS + 4, ways);
                print("%d threads, %3d rows, (%d, %d): packed F32 %.1f GFLOP/s; F32 as stored %.2f of it, BF16 %.2f,"
                        + " FP8 %.2f (at least 0.9)%n",
                        threads, m, n, k, 2e-9 * m * n * k / t.get(0).median(), ratio(t, 0, 1), ratio(t, 0, 2),
                        ratio(t, 0, 3));
            }
        }
    }

    /** The same random matrix as F32, BF16 and FP8, in native memory. */
    private static FrozenMatrix[] weights(Arena arena, int n, int k) {
        int some = 1 << 20;
        float[] x = gaussian(some);
        byte[] codes = new byte[some];
        CONVERSION.quantize(Fp8Format.E4M3, some, SCALE, x, 0, codes, 0);
        short[] halves = new short[some];
        for (int i = 0; i < some; i++) {
            halves[i] = (short) (Float.floatToRawIntBits(x[i]) >>> 16);
        }
        long size = (long) n * k;
        MemorySegment f32 = arena.allocate(4 * size, 64);
        MemorySegment bf16 = arena.allocate(2 * size, 64);
        MemorySegment fp8 = arena.allocate(size, 64);
        for (long i = 0; i < size; i += some) {
            MemorySegment.copy(x, 0, f32, ValueLayout.JAVA_FLOAT, 4 * i, some);
            MemorySegment.copy(halves, 0, bf16, ValueLayout.JAVA_SHORT, 2 * i, some);
            MemorySegment.copy(codes, 0, fp8, ValueLayout.JAVA_BYTE, i, some);
        }
        float[] scales = new float[Fp8Blocks.blocks(n) * Fp8Blocks.blocks(k)];
        Arrays.fill(scales, SCALE);
        return new FrozenMatrix[] {
            new F32Matrix(f32, n, k), new Bf16Matrix(bf16, n, k), new Fp8Weight(Fp8Format.E4M3, fp8, scales, n, k)
        };
    }

    private static float[] gaussian(int n) {
        SplittableRandom random = new SplittableRandom(1);
        float[] x = new float[n];
        int some = Math.min(n, 1 << 16);
        for (int i = 0; i < some; i++) {
            x[i] = (float) random.nextGaussian();
        }
        for (int i = some; i < n; i += some) {
            System.arraycopy(x, 0, x, i, Math.min(some, n - i));
        }
        return x;
    }

    private static double rate(int n, Timing t) {
        return n / t.median() / 1e9;
    }

    private static double ratio(List<Timing> t, int beside, int way) {
        return t.get(beside).median() / t.get(way).median();
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }
}
