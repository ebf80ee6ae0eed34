package dev.eva.bench;

import dev.eva.measure.Effort;
import dev.eva.measure.Interleaved;
import dev.eva.measure.Peaks;
import dev.eva.measure.Running;
import dev.eva.measure.Way;
import dev.eva.measure.cases.GemmCase;
import dev.eva.measure.cases.Shape;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Eva's matrix products beside OpenBLAS's in one process, in turn (A B A B), as a table of median GFLOP/s and their
 * ratios. "packed" multiplies a weight that is prepared already, as a layer does; "raw" prepares it for every
 * product, as OpenBLAS must.
 *
 * <p>{@code java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp benchmarks.jar
 * dev.eva.bench.GemmTable [shape ...]}
 */
public final class GemmTable {
    private static final int ROUNDS = Integer.getInteger("eva.bench.rounds", 7);
    private static final long SAMPLE_NANOS = 30_000_000L;
    private static final long WARM_NANOS = 300_000_000L;
    /**
     * Threads of OpenBLAS go on spinning for a while after a product: they are to sleep before the other side's turn.
     */
    private static final long PAUSE_MILLIS = 200;

    private GemmTable() {}

    public static void main(String[] args) throws InterruptedException {
        List<Shape> shapes =
                args.length == 0 ? Shape.ALL : Stream.of(args).map(Shape::parse).toList();
        System.out.println(Kernels.summary());
        System.out.println("peer: " + OpenBlas.description());
        System.out.printf(
                Locale.ROOT,
                "fused multiply-adds in registers, 1 thread: %.1f GFLOP/s%n",
                Peaks.measure(Effort.QUICK, 128).flopsOne() / 1e9);
        for (int threads = 1; threads <= Math.min(2, Runtime.getRuntime().availableProcessors()); threads++) {
            Parallel.setThreads(threads);
            OpenBlas.setThreads(threads);
            warm();
            System.out.printf("%n%d thread%s, GFLOP/s, median of %d%n%n", threads, threads == 1 ? "" : "s", ROUNDS);
            System.out.println("| m x n x k | OpenBLAS | Eva packed | ratio | Eva raw | ratio |");
            System.out.println("|---|---|---|---|---|---|");
            double packed = 0;
            double raw = 0;
            for (Shape shape : shapes) {
                Row row = measure(shape, SAMPLE_NANOS, ROUNDS);
                System.out.println(row);
                packed += Math.log(row.packedRatio());
                raw += Math.log(row.rawRatio());
            }
            System.out.printf(
                    Locale.ROOT,
                    "| geometric mean | | | %.3f | | %.3f |%n",
                    Math.exp(packed / shapes.size()),
                    Math.exp(raw / shapes.size()));
        }
    }

    /** Median GFLOP/s of each side, and the medians of the ratios within a round: what else ran then slowed both. */
    record Row(
            Shape shape,
            double peer,
            double packed,
            double packedRatio,
            double leastRatio,
            double mostRatio,
            double raw,
            double rawRatio) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %.2f | %.1f | %.2f |",
                    shape,
                    peer,
                    packed,
                    packedRatio,
                    raw,
                    rawRatio);
        }
    }

    /** Compiles the loops of all shapes; what comes first would else be measured before that is done. */
    static void warm() throws InterruptedException {
        for (String shape : List.of("64x64x64", "250x250x250", "5x500x500_nt")) {
            measure(Shape.parse(shape), SAMPLE_NANOS, 2);
        }
    }

    /** A row of a shape, in a good second or, {@code quick}, in a part of one. */
    static Row measure(Shape shape, boolean quick) throws InterruptedException {
        return quick ? measure(shape, SAMPLE_NANOS / 2, 3) : measure(shape, SAMPLE_NANOS, ROUNDS);
    }

    private static Row measure(Shape shape, long nanos, int rounds) throws InterruptedException {
        GemmCase eva = new GemmCase(shape);
        Running packed = eva.on(Way.cpu().getFirst()).orElseThrow();
        Gemm gemm = Kernels.find(Gemm.class, Gemm.REFERENCE);
        Gemm.Prepared[] weight = {null};
        float[] c = new float[shape.m() * shape.n()];
        try (OpenBlas.Product peer = new OpenBlas.Product(eva)) {
            Runnable[] sides = {
                peer::run,
                packed.run(),
                () -> {
                    weight[0] = eva.prepared(gemm, weight[0]);
                    gemm.multiply(shape.m(), eva.a(), 0, shape.k(), 1, weight[0], null, 0, 0f, c, 0, shape.n());
                }
            };
            sample(sides[0], WARM_NANOS);
            Interleaved.steady(sides[1]);
            Interleaved.steady(sides[2]);
            eva.verify(Way.named("openblas"), peer.result());
            eva.verify(Way.named("vector"), packed.result().get());
            double[][] speed = new double[5][rounds];
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < sides.length; i++) {
                    Thread.sleep(Parallel.threads() == 1 ? 0 : PAUSE_MILLIS);
                    sample(sides[i], nanos / 4);
                    speed[i][round] = shape.flops() * 1e-9 / sample(sides[i], nanos);
                }
                speed[3][round] = speed[1][round] / speed[0][round];
                speed[4][round] = speed[2][round] / speed[0][round];
            }
            double[] ratios = speed[3].clone();
            Arrays.sort(ratios);
            return new Row(
                    shape,
                    median(speed[0]),
                    median(speed[1]),
                    median(speed[3]),
                    ratios[0],
                    ratios[rounds - 1],
                    median(speed[2]),
                    median(speed[4]));
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
