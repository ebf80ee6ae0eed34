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
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;

/**
 * Prints what a device does beside the CPU and beside its own ceilings, as a section of docs/gpu.md, for
 * {@code tests/gpu/run.sh}: products of n x n by the naive kernel, by the tiled one and by the CPU's kernels, a turn
 * each; FP8 conversion; a feed-forward network. Arguments: the sizes n.
 */
final class Figures {
    private static final int ROUNDS = 7;
    /** Columns of the matrix that a GPU converts: a launch has to be short beside it. */
    private static final int COLUMNS = 8192;

    private static final int MOST_ROWS = 16384;

    /** Seconds of a way: all of a run, and of these between the memories. */
    private record Seconds(double all, double transfers) {
        double work() {
            return all - transfers;
        }
    }

    /** What is timed; transfers since the last question. */
    private record Way(Runnable run, DoubleSupplier transfers) {
        Way(Runnable run) {
            this(run, () -> 0);
        }
    }

    private final DeviceSession session = DeviceSession.open(DeviceChoice.chosen());
    private final Gemm host = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private final double peakFlops;
    private final double peakBytes;

    private Figures() {
        Ceilings ceilings = new Ceilings(session);
        double flops = 0;
        double bytes = 0;
        for (int round = 0; round < ROUNDS; round++) {
            flops = Math.max(flops, ceilings.flopRate());
            bytes = Math.max(bytes, ceilings.byteRate());
        }
        this.peakFlops = flops;
        this.peakBytes = bytes;
    }

    public static void main(String[] args) {
        System.setProperty("eva.opencl.smallest", "1");
        new Figures().all(args.length == 0 ? new String[] {"256", "512", "1024"} : args);
    }

    private void all(String... sizes) {
        OpenClDevices.Device d = session.device();
        print("### %s%n%n", d.name());
        print("%s, %s, driver %s, %s. ", LocalDate.now(ZoneOffset.UTC), d.platform(), d.driver(), d.version());
        print("CPU beside it: %d cores, %s. ", Parallel.threads(), Kernels.summary());
        print("Kernel of products: `%s`. ", Tuning.of(session));
        print(
                "Measured ceilings of the device: %s GFLOP/s of multiply-adds, %s GB/s read.%n%n",
                number(peakFlops / 1e9), number(peakBytes / 1e9));
        print("Products of n x n, GFLOP/s, medians of %d in turn:%n%n", ROUNDS);
        print("| n | naive kernel | tiled | without transfers | of the ceiling | CPU |%n|---|---|---|---|---|---|%n");
        for (String n : sizes) {
            products(Integer.parseInt(n));
        }
        quantize();
        networks(512, 384, 1024);
    }

    private void products(int n) {
        float[] a = values(n * n);
        float[] b = values(n * n);
        float[] naive = new float[n * n];
        float[] tiled = new float[n * n];
        float[] cpu = new float[n * n];
        DeviceGemm device = new DeviceGemm(session, host);
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
        Seconds[] t = time(
                new Way(() -> {
                    session.run(kernel, session.range(n, n, 64, 1), 1);
                    kernel.get(naive);
                }),
                new Way(
                        () -> device.multiply(n, a, 0, n, 1, onDevice, null, 0, 0f, tiled, 0, n),
                        device::transferSeconds),
                new Way(() -> host.multiply(n, a, 0, n, 1, onHost, null, 0, 0f, cpu, 0, n)));
        check(naive, cpu, n);
        check(tiled, cpu, n);
        double work = 2.0 * n * n * n;
        print(
                "| %,d | %s | %s | %s | %.0f %% | %s |%n",
                n,
                number(work / t[0].all / 1e9),
                number(work / t[1].all / 1e9),
                number(work / t[1].work() / 1e9),
                100 * work / t[1].work() / peakFlops,
                number(work / t[2].all / 1e9));
        kernel.dispose();
        device.products().close();
    }

    private void quantize() {
        long half = session.device().largestBytes() / 2;
        int cols = session.isCpu() ? 1024 : COLUMNS;
        int rows = session.isCpu() ? 4096 : (int) Math.min(MOST_ROWS, half / Float.BYTES / cols);
        float[] x = values(rows * cols);
        Fp8Matrix out = Fp8Matrix.zeros(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, rows, cols);
        DeviceQuantizer quantizer = new DeviceQuantizer(session);
        Seconds t = time(new Way(() -> quantizer.quantize(Fp8Scale.FLOAT32, x, 0, out), quantizer::transferSeconds))[0];
        double bytes = 5.0 * x.length + 4.0 * out.scales().length;
        print(
                "%nFP8 tiles of 1 x 128 of (%,d, %,d), read and written: %s GB/s, %s without transfers, %.0f %% of what"
                        + " the device reads.%n",
                rows,
                cols,
                number(bytes / t.all / 1e9),
                number(bytes / t.work() / 1e9),
                100 * bytes / t.work() / peakBytes);
    }

    /** A network product by product, on the CPU, and as a whole if the device's tiles are in local memory. */
    private void networks(int tokens, int d, int f) {
        DeviceGemm gemm = new DeviceGemm(session, host);
        DeviceFeedForward whole = new DeviceFeedForward(gemm);
        float[] w13 = values(2 * f * d);
        float[] w2 = values(d * f);
        float[] x = values(tokens * d);
        float[][] y = new float[3][tokens * d];
        Gemm.Prepared up = gemm.prepare(1, d, 2 * f, w13, 0, 0, 1, d, null);
        Gemm.Prepared down = gemm.prepare(1, f, d, w2, 0, 0, 1, f, null);
        Gemm.Prepared hostUp = host.prepare(1, d, 2 * f, w13, 0, 0, 1, d, null);
        Gemm.Prepared hostDown = host.prepare(1, f, d, w2, 0, 0, 1, f, null);
        long[] bytes = new long[2];
        Way inSteps = new Way(() -> bytes[0] = bytesOf(() -> steps(gemm, tokens, x, up, down, y[0])));
        Way onHost = new Way(() -> steps(host, tokens, x, hostUp, hostDown, y[1]));
        Way inOne = new Way(() -> bytes[1] = bytesOf(() -> {
            whole.pays(tokens, up, down);
            whole.forward(FeedForwardKernel.Slots.all(tokens), x, 0, up, down, null, 0, y[2], 0);
        }));
        boolean pays = whole.pays(tokens, up, down);
        Seconds[] t = pays ? time(inSteps, onHost, inOne) : time(inSteps, onHost);
        check(y[0], y[1], d * f);
        print(
                "%nFeed-forward network of %,d tokens, %,d values and %,d wide: on the CPU %s ms, product by product"
                        + " %s ms and %,d bytes between the memories",
                tokens, d, f, number(t[1].all * 1e3), number(t[0].all * 1e3), bytes[0]);
        if (pays) {
            check(y[2], y[1], d * f);
            print(", in one run %s ms and %,d bytes", number(t[2].all * 1e3), bytes[1]);
        }
        print(".%n");
        gemm.products().close();
    }

    private long bytesOf(Runnable run) {
        long before = session.sentBytes() + session.fetchedBytes();
        run.run();
        return session.sentBytes() + session.fetchedBytes() - before;
    }

    private static void steps(Gemm gemm, int tokens, float[] x, Gemm.Prepared up, Gemm.Prepared down, float[] y) {
        Elementwise elementwise = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
        int f = down.k;
        float[] gateUp = new float[tokens * 2 * f];
        float[] act = new float[tokens * f];
        gemm.multiply(tokens, x, 0, up.k, 1, up, null, 0, 0f, gateUp, 0, 2 * f);
        Parallel.rows(
                tokens, 2 * f, (from, to) -> elementwise.swiGlu(to - from, f, gateUp, from * 2 * f, act, from * f));
        gemm.multiply(tokens, act, 0, f, 1, down, null, 0, 0f, y, 0, down.n);
    }

    /** Medians of each way, in turns; two rounds before that do not count. */
    private static Seconds[] time(Way... ways) {
        double[][] all = new double[ways.length][ROUNDS];
        double[][] transfers = new double[ways.length][ROUNDS];
        for (int round = -2; round < ROUNDS; round++) {
            for (int w = 0; w < ways.length; w++) {
                ways[w].transfers.getAsDouble();
                long start = System.nanoTime();
                ways[w].run.run();
                if (round >= 0) {
                    all[w][round] = (System.nanoTime() - start) / 1e9;
                    transfers[w][round] = ways[w].transfers.getAsDouble();
                }
            }
        }
        Seconds[] medians = new Seconds[ways.length];
        for (int w = 0; w < ways.length; w++) {
            medians[w] = new Seconds(median(all[w]), median(transfers[w]));
        }
        return medians;
    }

    private static double median(double... x) {
        return Arrays.stream(x).sorted().toArray()[x.length / 2];
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

    private static String number(double x) {
        return String.format(Locale.ROOT, x >= 100 ? "%,.0f" : "%.1f", x);
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
    }
}
