package dev.eva.nn.optim;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;

/**
 * Pushes the singular values of several equal matrices towards 1, in float32. With X (m, n), m >= n, and
 * {@code S = X^T X}, five times {@code X = X (a I + b S + c S S)}; the same as the usual
 * {@code X = a X + (b S + c S S) X} with {@code S = X X^T} of the transposed matrix (arXiv:2502.16982, section 2.1).
 *
 * <p>Tall matrices one below the other make every product a grouped one, so many small matrices keep all threads as
 * busy as a large one.
 */
final class NewtonSchulz {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final int STEPS = 5;
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;

    /** Memory that all sizes share: x and y hold the matrices, s and t their n x n products. */
    static final class Scratch {
        float[] x = {};
        float[] y = {};
        private float[] s = {};
        private float[] t = {};

        private void reserve(int matrices, int squares) {
            if (x.length < matrices) {
                x = new float[matrices];
                y = new float[matrices];
            }
            if (s.length < squares) {
                s = new float[squares];
                t = new float[squares];
            }
        }
    }

    private final int count;
    private final int n;
    private final int[] rows;
    private final int[] squareRows;
    private final Scratch scratch;
    private Gemm.Prepared right;

    NewtonSchulz(int count, int m, int n, Scratch scratch) {
        this.count = count;
        this.n = n;
        this.rows = starts(count, m);
        this.squareRows = starts(count, n);
        this.scratch = scratch;
        scratch.reserve(count * m * n, count * n * n);
    }

    private static int[] starts(int count, int rows) {
        int[] starts = new int[count + 1];
        Arrays.setAll(starts, g -> g * rows);
        return starts;
    }

    /** From {@code scratch.x}, count matrices (m, n) of Frobenius norm at most 1, to {@code scratch.x}. */
    void run() {
        for (int step = 0; step < STEPS; step++) {
            float[] x = scratch.x;
            float[] s = scratch.s;
            float[] t = scratch.t;
            GEMM.multiplyGroupedTransposed(count, n, n, rows, x, 0, n, x, 0, n, 0f, s, 0);
            right = GEMM.prepare(count, n, n, s, 0, n * n, n, 1, right);
            GEMM.multiplyGrouped(squareRows, s, 0, n, 1, right, 0f, t, 0, n);
            Parallel.rows(count * n, n, (from, to) -> polynomial(from, to, s, t));
            right = GEMM.prepare(count, n, n, t, 0, n * n, n, 1, right);
            GEMM.multiplyGrouped(rows, x, 0, n, 1, right, 0f, scratch.y, 0, n);
            scratch.x = scratch.y;
            scratch.y = x;
        }
    }

    /** {@code t = a I + b s + c t} for rows [from, to) of all squares. */
    private void polynomial(int from, int to, float[] s, float[] t) {
        for (int i = from * n; i < to * n; i++) {
            t[i] = Math.fma(C, t[i], B * s[i]);
        }
        for (int r = from; r < to; r++) {
            t[r * n + r % n] += A;
        }
    }
}
