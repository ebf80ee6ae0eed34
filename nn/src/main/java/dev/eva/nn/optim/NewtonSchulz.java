package dev.eva.nn.optim;

import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.util.HashMap;
import java.util.Map;

/**
 * Pushes the singular values of a matrix towards 1, in float32: {@code X = U / (|U|_F + 1e-7)}, then five times
 * {@code X = X (a I + b S + c S S)} with {@code S = X^T X}; the same as the usual
 * {@code X = a X + (b S + c S S) X} with {@code S = X X^T} of the transposed matrix (arXiv:2502.16982, section 2.1).
 *
 * <p>S and S S are symmetric: {@link Gemm#gram} computes half of them.
 *
 * <p>Works on the tall form (m, n), m >= n, of the matrix, so that S is small and right operands are packed row by row.
 * Holds the memory of one thread, which grows to the largest matrix.
 */
final class NewtonSchulz {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final Reduction REDUCTION = Kernels.find(Reduction.class, Reduction.REFERENCE);
    private static final int STEPS = 5;
    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;
    private static final float NORM_EPS = 1e-7f;
    /** Side of the strips in which a matrix is transposed: a cache line of floats. */
    private static final int STRIP = 16;

    private float[] input = {};
    private float[] x = {};
    private float[] y = {};
    private float[] s = {};
    private float[] t = {};
    private final Map<Integer, Gemm.Prepared> right = new HashMap<>();

    /** Where the caller writes a matrix of {@code size} elements, and finds the result; valid until the next call. */
    float[] input(int size) {
        input = grown(input, size);
        return input;
    }

    /** Replaces the input (rows, cols) by its orthogonalised form. Zeros stay zeros. */
    void orthogonalise(int rows, int cols) {
        int size = rows * cols;
        boolean wide = cols > rows;
        int m = Math.max(rows, cols);
        int n = Math.min(rows, cols);
        reserve(size, n * n);
        float inverse = 1f / ((float) Math.sqrt(REDUCTION.sumOfSquares(size, input, 0)) + NORM_EPS);
        for (int i = 0; i < size; i++) {
            input[i] *= inverse;
        }
        if (wide) {
            transpose(rows, cols, input, x);
        } else {
            System.arraycopy(input, 0, x, 0, size);
        }
        for (int step = 0; step < STEPS; step++) {
            step(m, n);
        }
        if (wide) {
            transpose(cols, rows, x, input);
        } else {
            System.arraycopy(x, 0, input, 0, size);
        }
    }

    private void step(int m, int n) {
        GEMM.gram(m, n, x, 0, n, s, 0);
        GEMM.gram(n, n, s, 0, n, t, 0); // S is symmetric: S^T S = S S
        for (int i = 0; i < n * n; i++) {
            t[i] = Math.fma(C, t[i], B * s[i]);
        }
        for (int i = 0; i < n; i++) {
            t[i * n + i] += A;
        }
        GEMM.multiply(m, x, 0, n, 1, square(n, t), null, 0, 0f, y, 0, n);
        float[] next = y;
        y = x;
        x = next;
    }

    /** A square matrix as right operand, in the memory of the last one of that size. */
    private Gemm.Prepared square(int n, float[] b) {
        return right.compute(n, (size, reuse) -> GEMM.prepare(1, n, n, b, 0, 0, n, 1, reuse));
    }

    /** {@code out} (cols, rows) = {@code in} (rows, cols), transposed. */
    private static void transpose(int rows, int cols, float[] in, float[] out) {
        for (int from = 0; from < rows; from += STRIP) {
            int to = Math.min(rows, from + STRIP);
            for (int c = 0; c < cols; c++) {
                for (int r = from; r < to; r++) {
                    out[c * rows + r] = in[r * cols + c];
                }
            }
        }
    }

    private void reserve(int size, int square) {
        x = grown(x, size);
        y = grown(y, size);
        s = grown(s, square);
        t = grown(t, square);
    }

    private static float[] grown(float[] array, int size) {
        return array.length < size ? new float[size] : array;
    }
}
