package dev.eva.nn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernels")
class NewtonSchulzTest {
    private static final int[][] SIZES = {{1, 19}, {19, 1}, {33, 33}, {24, 150}, {150, 24}, {130, 131}, {128, 128}};

    /** Random, of low rank, and with singular values down to a millionth, beside the formulas in float64. */
    @Test
    void followsTheFormula() {
        NewtonSchulz newtonSchulz = new NewtonSchulz();
        SplittableRandom random = new SplittableRandom(8);
        for (int[] size : SIZES) {
            int rows = size[0];
            int cols = size[1];
            int inner = Math.min(rows, cols);
            check(newtonSchulz, normal(random, rows, cols, 0));
            check(newtonSchulz, product(random, rows, 3, cols, 0));
            check(newtonSchulz, product(random, rows, inner, cols, 6.0 / inner));
        }
    }

    private static void check(NewtonSchulz newtonSchulz, double[][] u) {
        int cols = u[0].length;
        float[] x = newtonSchulz.input(u.length * cols);
        for (int i = 0; i < u.length * cols; i++) {
            x[i] = (float) u[i / cols][i % cols];
        }
        newtonSchulz.orthogonalise(u.length, cols);
        double[][] expected = OptimizerOracle.orthogonalise(u);
        for (int i = 0; i < u.length * cols; i++) {
            assertThat((double) x[i])
                    .as("%d x %d, %d", u.length, cols, i)
                    .isCloseTo(expected[i / cols][i % cols], within(2e-4));
        }
    }

    private static double[][] product(SplittableRandom random, int rows, int inner, int cols, double fall) {
        return OptimizerOracle.multiply(normal(random, rows, inner, fall), normal(random, inner, cols, 0));
    }

    /** A matrix of normal numbers, column j times {@code 10^(-fall j)}. */
    private static double[][] normal(SplittableRandom random, int rows, int cols, double fall) {
        double[][] x = new double[rows][cols];
        for (double[] row : x) {
            for (int j = 0; j < cols; j++) {
                row[j] = random.nextGaussian() * Math.pow(10, -fall * j);
            }
        }
        return x;
    }

    /** A gradient that is nothing, or next to nothing, moves nothing. */
    @Test
    void nearlyZeroStaysNearlyZero() {
        NewtonSchulz newtonSchulz = new NewtonSchulz();
        for (float scale : new float[] {0, 1e-38f, 1e-20f, 1e-16f}) {
            SplittableRandom random = new SplittableRandom(9);
            float[] x = newtonSchulz.input(40 * 24);
            for (int i = 0; i < 40 * 24; i++) {
                x[i] = scale * (float) random.nextGaussian();
            }
            newtonSchulz.orthogonalise(40, 24);
            for (int i = 0; i < 40 * 24; i++) {
                assertThat(Math.abs(x[i])).isLessThanOrEqualTo(scale == 0 ? 0 : 1e-4f);
            }
        }
    }
}
