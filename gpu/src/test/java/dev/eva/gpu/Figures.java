package dev.eva.gpu;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Prints what a device does beside the CPU, for {@code tests/gpu/run.sh}: products of n x n by the naive kernel, by the
 * tiled one and by the CPU's kernels, a turn each, transfers of A and C included; FP8 conversion.
 */
final class Figures {
    private static final int ROUNDS = 7;

    private Figures() {}

    public static void main(String[] args) {
        System.setProperty("eva.opencl.smallest", "1");
        DeviceSession session = DeviceSession.open(DeviceChoice.chosen());
        print(
                "device   %s, driver %s%n",
                session.device().describe(), session.device().driver());
        print("CPU      %s%n", Kernels.summary());
        print("tile     %s%n%n", Tuning.of(session));
        print("%6s  %22s  %22s  %22s%n", "n", "naive", "tiled", "CPU");
        for (String n : args.length == 0 ? new String[] {"256", "512", "1024"} : args) {
            products(session, Integer.parseInt(n));
        }
        quantize(session, 4096, 1024);
        networks(session, 512, 384, 1024);
    }

    private static void products(DeviceSession session, int n) {
        float[] a = values(n * n);
        float[] b = values(n * n);
        float[] naive = new float[n * n];
        float[] tiled = new float[n * n];
        float[] cpu = new float[n * n];
        Gemm host = Kernels.find(Gemm.class, Gemm.REFERENCE);
        Gemm device = new DeviceGemm(session, host);
        NaiveProduct kernel = new NaiveProduct();
        kernel.a = a;
        kernel.b = b;
        kernel.c = naive;
        kernel.m = n;
        kernel.n = n;
        kernel.k = n;
        kernel.setExplicit(true);
        Gemm.Prepared onHost = host.prepare(1, n, n, b, 0, 0, n, 1, null);
        Gemm.Prepared onDevice = device.prepare(1, n, n, b, 0, 0, n, 1, null);
        Runnable[] ways = {
            () -> {
                session.run(kernel, session.range(n, n, 64, 1), 1);
                kernel.get(naive);
            },
            () -> device.multiply(n, a, 0, n, 1, onDevice, null, 0, 0f, tiled, 0, n),
            () -> host.multiply(n, a, 0, n, 1, onHost, null, 0, 0f, cpu, 0, n)
        };
        double[] rates = rates(2.0 * n * n * n / 1e9, ways);
        check(naive, cpu, n);
        check(tiled, cpu, n);
        print("%,6d  %14.2f GFLOP/s  %14.2f GFLOP/s  %14.2f GFLOP/s%n", n, rates[0], rates[1], rates[2]);
        kernel.dispose();
    }

    private static void quantize(DeviceSession session, int rows, int cols) {
        float[] x = values(rows * cols);
        Fp8Matrix out = Fp8Matrix.zeros(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, rows, cols);
        DeviceQuantizer quantizer = new DeviceQuantizer(session);
        double[] rate = rates(5.0 * rows * cols / 1e9, () -> quantizer.quantize(Fp8Scale.FLOAT32, x, 0, out));
        print("%nFP8 tiles of 1 x 128, (%d, %d), read and written: %.2f GB/s%n", rows, cols, rate[0]);
    }

    /** A network of experts as a whole, its steps with activations that come back, and the CPU's. */
    private static void networks(DeviceSession session, int tokens, int d, int f) {
        Gemm host = Kernels.find(Gemm.class, Gemm.REFERENCE);
        Elementwise elementwise = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
        DeviceGemm gemm = new DeviceGemm(session, host);
        DeviceFeedForward whole = new DeviceFeedForward(gemm, false);
        float[] w13 = values(2 * f * d);
        float[] w2 = values(d * f);
        float[] x = values(tokens * d);
        float[][] y = new float[3][tokens * d];
        float[] gateUp = new float[tokens * 2 * f];
        float[] act = new float[tokens * f];
        Gemm.Prepared up = gemm.prepare(1, d, 2 * f, w13, 0, 0, 1, d, null);
        Gemm.Prepared down = gemm.prepare(1, f, d, w2, 0, 0, 1, f, null);
        Gemm.Prepared hostUp = host.prepare(1, d, 2 * f, w13, 0, 0, 1, d, null);
        Gemm.Prepared hostDown = host.prepare(1, f, d, w2, 0, 0, 1, f, null);
        long[] bytes = new long[2];
        Runnable[] ways = {
            () -> {
                long before = session.sentBytes() + session.fetchedBytes();
                whole.pays(tokens, up, down);
                whole.forward(FeedForwardKernel.Slots.all(tokens), x, 0, up, down, null, 0, y[0], 0);
                bytes[0] = session.sentBytes() + session.fetchedBytes() - before;
            },
            () -> {
                long before = session.sentBytes() + session.fetchedBytes();
                steps(gemm, elementwise, tokens, x, up, down, gateUp, act, y[1]);
                bytes[1] = session.sentBytes() + session.fetchedBytes() - before;
            },
            () -> steps(host, elementwise, tokens, x, hostUp, hostDown, gateUp, act, y[2])
        };
        double[] rates = rates(1e-3, ways);
        check(y[0], y[2], d * f);
        check(y[1], y[2], d * f);
        print(
                "%nnetwork of %,d tokens, %,d and %,d wide, ms and bytes between the memories:%n"
                        + "in one run %.1f, %,d; product by product %.1f, %,d; CPU %.1f%n",
                tokens, d, f, 1 / rates[0], bytes[0], 1 / rates[1], bytes[1], 1 / rates[2]);
    }

    private static void steps(
            Gemm gemm,
            Elementwise elementwise,
            int tokens,
            float[] x,
            Gemm.Prepared up,
            Gemm.Prepared down,
            float[] gateUp,
            float[] act,
            float[] y) {
        int f = down.k;
        gemm.multiply(tokens, x, 0, up.k, 1, up, null, 0, 0f, gateUp, 0, 2 * f);
        Parallel.rows(
                tokens, 2 * f, (from, to) -> elementwise.swiGlu(to - from, f, gateUp, from * 2 * f, act, from * f));
        gemm.multiply(tokens, act, 0, f, 1, down, null, 0, 0f, y, 0, down.n);
    }

    /** The median of each way's rates, in turns; two rounds before that do not count. */
    private static double[] rates(double work, Runnable... ways) {
        double[][] seconds = new double[ways.length][ROUNDS];
        for (int round = -2; round < ROUNDS; round++) {
            for (int w = 0; w < ways.length; w++) {
                long start = System.nanoTime();
                ways[w].run();
                if (round >= 0) {
                    seconds[w][round] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        return Arrays.stream(seconds)
                .mapToDouble(s -> work / Arrays.stream(s).sorted().toArray()[ROUNDS / 2])
                .toArray();
    }

    private static void check(float[] actual, float[] expected, int k) {
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) < 1e-5 * k)) {
                throw new IllegalStateException("element " + i + ": " + actual[i] + ", expected " + expected[i]);
            }
        }
    }

    private static float[] values(int size) {
        SplittableRandom random = new SplittableRandom(size);
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = random.nextFloat() * 2f - 1f;
        }
        return x;
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }
}
