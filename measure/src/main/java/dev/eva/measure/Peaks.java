package dev.eva.measure;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.DevicePeak;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Peak;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;

/**
 * The ceilings of a machine, measured: no kernel can be above the lower of {@code flops} and {@code intensity * read}.
 *
 * @param flopsOne fused multiply-adds in registers, one thread, operations a second
 * @param flops the same, all threads
 * @param readOne reading an array that no cache holds, one thread, bytes a second
 * @param read the same, all threads
 */
public record Peaks(double flopsOne, double flops, double readOne, double read) {
    /**
     * Of a way: NaN where it is not known.
     *
     * @param flops operations a second
     * @param bytes read a second
     */
    public record Ceiling(double flops, double bytes) {}

    /** Memory that no cache holds: third-level caches of several hundred megabytes are sold. */
    public static final int MEGABYTES = 1024;

    private static final int TURNS = 100_000;
    private static final int PART = 1 << 16;
    private static final float FACTOR = 0.5f;

    /**
     * Measures the CPU; the best of the effort's samples counts, because a ceiling is what is possible.
     *
     * @param megabytes size of the array that is read, more than the caches hold
     */
    public static Peaks measure(Effort effort, int megabytes) {
        int threads = Parallel.threads();
        float[] memory = new float[megabytes << 18];
        Peak peak = Kernels.of(Way.cpu().getFirst().provider(), Peak.class, Peak.REFERENCE)
                .orElse(Peak.REFERENCE);
        DoubleSupplier fmaOne = () -> multiplyAdds(peak, 1);
        DoubleSupplier fmaAll = () -> multiplyAdds(peak, threads);
        DoubleSupplier readOne = () -> read(peak, memory, 1);
        DoubleSupplier readAll = () -> read(peak, memory, threads);
        List<Timing> t = Interleaved.measure(2, 2 * effort.samples(), List.of(fmaOne, fmaAll, readOne, readAll));
        return new Peaks(
                1 / t.get(0).min(),
                1 / t.get(1).min(),
                1 / t.get(2).min(),
                1 / t.get(3).min());
    }

    /** Operations and bytes a second of a device, NaN where its provider cannot tell. */
    public static Ceiling device(Way way, Effort effort) {
        DevicePeak peak = Kernels.of(way.provider(), DevicePeak.class, DevicePeak.REFERENCE)
                .orElse(DevicePeak.REFERENCE);
        List<Timing> t =
                Interleaved.measure(2, effort.samples(), List.of(() -> 1 / peak.flopRate(), () -> 1 / peak.byteRate()));
        return new Ceiling(1 / t.get(0).min(), 1 / t.get(1).min());
    }

    /** What a case of this intensity could reach at most on all threads, operations a second. */
    public double roof(double intensity) {
        return Math.min(flops, intensity * read);
    }

    /** Seconds an operation. */
    private static double multiplyAdds(Peak peak, int threads) {
        float[] out = new float[threads * 16];
        double[] flops = new double[threads];
        long start = System.nanoTime();
        Parallel.run(threads, t -> flops[t] = peak.multiplyAdd(TURNS, FACTOR, out, t * 16));
        double seconds = (System.nanoTime() - start) * 1e-9;
        double all = 0;
        for (double f : flops) {
            all += f;
        }
        return seconds / all;
    }

    /** Seconds a byte; every thread takes the next part until there is none. */
    private static double read(Peak peak, float[] x, int threads) {
        AtomicInteger next = new AtomicInteger();
        int parts = x.length / PART;
        double[] sums = new double[threads];
        long start = System.nanoTime();
        Parallel.run(threads, t -> {
            for (int p = next.getAndIncrement(); p < parts; p = next.getAndIncrement()) {
                sums[t] += peak.read(PART, x, p * PART);
            }
        });
        double seconds = (System.nanoTime() - start) * 1e-9;
        if (sums[0] != 0) {
            throw new IllegalStateException("peaks: the sum of zeros is " + sums[0]);
        }
        return seconds / (4.0 * parts * PART);
    }
}
