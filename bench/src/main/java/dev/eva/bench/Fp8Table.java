package dev.eva.bench;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.DoubleAdder;

/**
 * FP8 conversion beside what bounds it, in one process, in turn (A B A B), on a matrix of 256 MiB, beyond any cache:
 * quantising beside the sum of the same array, dequantising beside writing as many floats. Median G elements/s, and
 * median ratios within a round.
 *
 * <p>{@code java --add-modules jdk.incubator.vector -Xmx2g -cp benchmarks.jar dev.eva.bench.Fp8Table}
 */
public final class Fp8Table {
    private static final int ROUNDS = Integer.getInteger("eva.bench.rounds", 9);
    private static final int ROWS = Integer.getInteger("eva.bench.rows", 8192);
    private static final int COLS = 8192;
    /** Elements a task of the yardsticks. */
    private static final int GRAIN = 1 << 16;

    private static final Reduction REDUCTION = Kernels.find(Reduction.class, Reduction.REFERENCE);

    private final float[] x = new float[ROWS * COLS];
    private final float[] y = new float[ROWS * COLS];
    private double sum;

    private Fp8Table() {}

    public static void main(String[] args) {
        System.out.println(Kernels.summary() + ", matrix (" + ROWS + ", " + COLS + ")");
        Fp8Table table = new Fp8Table();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < table.x.length; i++) {
            table.x[i] = (float) (random.nextDouble() - random.nextDouble());
        }
        for (int threads = 1; threads <= Math.min(2, Runtime.getRuntime().availableProcessors()); threads++) {
            Parallel.setThreads(threads);
            System.out.printf("%n%d thread%s, G elements/s%n%n", threads, threads == 1 ? "" : "s");
            System.out.println("| tiles, scales | sum | quantise | ratio | fill | dequantise | ratio |");
            System.out.println("|---|---|---|---|---|---|---|");
            for (Fp8Tiling tiling : Fp8Tiling.values()) {
                for (Fp8Scale scale : Fp8Scale.values()) {
                    table.row(new Fp8Quantizer(Fp8Format.E4M3, tiling, scale));
                }
            }
        }
        System.out.println("\nsum " + table.sum);
    }

    private void row(Fp8Quantizer quantizer) {
        Fp8Matrix q = quantizer.quantize(x, 0, ROWS, COLS);
        Runnable[] sides = {
            this::sum, () -> quantizer.quantize(x, 0, q), this::fill, () -> q.dequantize(y, 0),
        };
        double[][] speed = new double[6][ROUNDS];
        for (int round = -2; round < ROUNDS; round++) {
            for (int i = 0; i < sides.length; i++) {
                long start = System.nanoTime();
                sides[i].run();
                double rate = x.length / (double) (System.nanoTime() - start);
                if (round >= 0) {
                    speed[i][round] = rate;
                }
            }
            if (round >= 0) {
                speed[4][round] = speed[1][round] / speed[0][round];
                speed[5][round] = speed[3][round] / speed[2][round];
            }
        }
        System.out.printf(
                Locale.ROOT,
                "| %s, %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |%n",
                quantizer.tiling(),
                quantizer.scale(),
                median(speed[0]),
                median(speed[1]),
                median(speed[4]),
                median(speed[2]),
                median(speed[3]),
                median(speed[5]));
    }

    private void sum() {
        DoubleAdder total = new DoubleAdder();
        Parallel.range(x.length, GRAIN, (from, to) -> total.add(REDUCTION.sum(to - from, x, from)));
        sum += total.sum();
    }

    private void fill() {
        Parallel.range(y.length, GRAIN, (from, to) -> Arrays.fill(y, from, to, 1f));
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
