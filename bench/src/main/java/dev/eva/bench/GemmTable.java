package dev.eva.bench;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Eva's matrix products beside OpenBLAS's in one process, in turn (A B A B), as a table of median GFLOP/s and their ratios.
 * "packed" multiplies a weight that is prepared already, as a layer does; "raw" prepares it for every product, as OpenBLAS must.
 *
 * <p>{@code java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp benchmarks.jar dev.eva.bench.GemmTable [shape ...]}
 */
public final class GemmTable {
    private static final int ROUNDS = Integer.getInteger("eva.bench.rounds", 7);
    private static final long SAMPLE_NANOS = 30_000_000L;
    private static final long WARM_NANOS = 300_000_000L;
    /** Threads of OpenBLAS go on spinning for a while after a product: they are to sleep before the other side's turn. */
    private static final long PAUSE_MILLIS = 200;

    private GemmTable() {}

    public static void main(String[] args) throws InterruptedException {
        List<Shape> shapes = args.length == 0 ? Shape.ALL : Stream.of(args).map(Shape::parse).toList();
        System.out.println(Kernels.summary());
        System.out.println("peer: " + OpenBlas.description());
        for (int threads = 1; threads <= Math.min(2, Runtime.getRuntime().availableProcessors()); threads++) {
            Parallel.setThreads(threads);
            OpenBlas.setThreads(threads);
            System.out.printf("%n%d thread%s, GFLOP/s, median of %d%n%n", threads, threads == 1 ? "" : "s", ROUNDS);
            System.out.println("| m x n x k | OpenBLAS | Eva packed | ratio | Eva raw | ratio |");
            System.out.println("|---|---|---|---|---|---|");
            double packed = 0;
            double raw = 0;
            for (Shape shape : shapes) {
                double[] speed = measure(shape);
                System.out.printf(Locale.ROOT, "| %s | %.1f | %.1f | %.2f | %.1f | %.2f |%n", shape, speed[0], speed[1],
                        speed[1] / speed[0], speed[2], speed[2] / speed[0]);
                packed += Math.log(speed[1] / speed[0]);
                raw += Math.log(speed[2] / speed[0]);
            }
            System.out.printf(Locale.ROOT, "| geometric mean | | | %.3f | | %.3f |%n", Math.exp(packed / shapes.size()),
                    Math.exp(raw / shapes.size()));
        }
    }

    /** GFLOP/s of OpenBLAS, Eva packed, Eva raw. */
    private static double[] measure(Shape shape) throws InterruptedException {
        EvaProduct eva = new EvaProduct(shape);
        try (OpenBlas.Product peer = new OpenBlas.Product(shape, eva.a, eva.b)) {
            Runnable[] sides = {peer::run, eva::multiply, () -> {
                eva.prepare();
                eva.multiply();
            }};
            for (Runnable side : sides) {
                sample(side, WARM_NANOS);
            }
            eva.verify(peer.result());
            double[][] seconds = new double[sides.length][ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < sides.length; i++) {
                    sample(sides[i], SAMPLE_NANOS / 4);
                    seconds[i][round] = sample(sides[i], SAMPLE_NANOS);
                    Thread.sleep(i == 0 ? PAUSE_MILLIS : 0);
                }
            }
            return Stream.of(seconds).mapToDouble(s -> shape.flops() / median(s) * 1e-9).toArray();
        }
    }

    /** Seconds a call, over as many calls as fill {@code nanos}. */
    private static double sample(Runnable side, long nanos) {
        long start = System.nanoTime();
        int calls = 0;
        do {
            side.run();
            calls++;
        } while (System.nanoTime() - start < nanos);
        return (System.nanoTime() - start) * 1e-9 / calls;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
