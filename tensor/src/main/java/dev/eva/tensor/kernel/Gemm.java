package dev.eva.tensor.kernel;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;

/**
 * Single-precision matrix products {@code C = beta C + A B}, for one right operand or one a group of rows.
 *
 * <p>Letters: {@code C} is m x n, {@code A} is m x k, {@code B} is k x n, {@code G} groups. Operands are addressed with
 * two strides,
 * {@code A(i, p) = a[aOffset + i * aRow + p * aCol]}, so the three layouts of training need no transposed copies:
 *
 * <ul>
 *   <li>{@code y = x W^T}, W stored (n, k): {@code bRow = 1, bCol = k}
 *   <li>{@code dX = dY W}, W stored (k, n): {@code bRow = n, bCol = 1}
 *   <li>{@code dW = dY^T X}: {@code aRow = 1, aCol = ld(dY)}, and X as B with {@code bRow = ld(X), bCol = 1}
 * </ul>
 *
 * <p>A right operand is <em>prepared</em> once and multiplied many times: packed panels on a CPU, a resident buffer on
 * a device.
 * Unlike other families, products cut themselves into tasks for {@link dev.eva.tensor.Parallel}, because only they know
 * their panels;
 * called inside a task they stay on its thread. The order of additions along k depends on the sizes alone, never on the
 * number of threads.
 */
public interface Gemm {
    /** The scalar reference. */
    Gemm REFERENCE = new Gemm() {};

    /** One or more right operands, ready to be multiplied. */
    abstract class Prepared {
        /** Number of operands. */
        public final int groups;
        /** Rows of each operand: the contraction length. */
        public final int k;
        /** Columns of each operand. */
        public final int n;

        protected Prepared(int groups, int k, int n) {
            this.groups = groups;
            this.k = k;
            this.n = n;
        }
    }

    /** Right operands {@code B_g = W_g^T} that are read where they are stored. */
    final class Frozen extends Prepared {
        /** The matrices W_g (n, k). */
        public final FrozenMatrix[] matrices;

        Frozen(FrozenMatrix... matrices) {
            super(matrices.length, matrices[0].cols(), matrices[0].rows());
            this.matrices = matrices;
        }

        /** Whether products round A first, {@link #rounded}. */
        public boolean rounds() {
            return matrices[0].inputRounding() != null;
        }

        /** A rounded copy (m, k) of A, to be given back by {@link Workspace#releaseUnheld}. */
        public Tensor rounded(int m, float[] a, int aOffset, int aRow, int aCol) {
            if (aCol != 1) {
                throw new IllegalArgumentException("product: an input that is rounded needs its rows in one piece");
            }
            InputRounding rounding = matrices[0].inputRounding();
            Tensor rounded = Workspace.empty(m, k);
            Parallel.rows(m, k, (from, to) -> {
                for (int i = from; i < to; i++) {
                    rounding.round(k, a, aOffset + i * aRow, rounded.array(), rounded.offset() + i * k);
                }
            });
            return rounded;
        }
    }

    /** The reference's: a view of the array. Changes of the array show through. */
    final class View extends Prepared {
        final float[] b;
        final int offset;
        final int groupStride;
        final int row;
        final int col;

        View(int groups, int k, int n, float[] b, int offset, int groupStride, int row, int col) {
            super(groups, k, n);
            this.b = b;
            this.offset = offset;
            this.groupStride = groupStride;
            this.row = row;
            this.col = col;
        }
    }

    /**
     * Makes {@code groups} right operands ready: {@code B_g(p, j) = b[bOffset + g * groupStride + p * bRow + j *
     * bCol]}.
     *
     * @param reuse a result of this method for the same sizes, whose memory is taken over, or null
     */
    default Prepared prepare(
            int groups, int k, int n, float[] b, int bOffset, int groupStride, int bRow, int bCol, Prepared reuse) {
        return new View(groups, k, n, b, bOffset, groupStride, bRow, bCol);
    }

    /**
     * Makes {@code B_g = W_g^T} ready, for weights that never change again; all of the same size. Nothing is copied.
     */
    default Prepared prepare(FrozenMatrix... matrices) {
        return new Frozen(matrices.clone());
    }

    /**
     * {@code C = beta C + A B_0}; beta is 0 (C is overwritten, NaN there does not matter) or 1.
     *
     * @param bias n values added to every row of C, at {@code biasOffset}, or null
     */
    default void multiply(
            int m,
            float[] a,
            int aOffset,
            int aRow,
            int aCol,
            Prepared b,
            float[] bias,
            int biasOffset,
            float beta,
            float[] c,
            int cOffset,
            int cRow) {
        multiplyGroup(m, a, aOffset, aRow, aCol, b, 0, beta, c, cOffset, cRow);
        if (bias != null) {
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < b.n; j++) {
                    c[cOffset + i * cRow + j] += bias[biasOffset + j];
                }
            }
        }
    }

    /**
     * Rows {@code [starts[g], starts[g + 1])} of C are {@code beta C + A B_g}, for every group g: one product an expert
     * over tokens
     * that are sorted by expert.
     *
     * @param starts {@code groups + 1} ascending row numbers
     */
    default void multiplyGrouped(
            int[] starts,
            float[] a,
            int aOffset,
            int aRow,
            int aCol,
            Prepared b,
            float beta,
            float[] c,
            int cOffset,
            int cRow) {
        for (int g = 0; g < b.groups; g++) {
            int from = starts[g];
            multiplyGroup(
                    starts[g + 1] - from,
                    a,
                    aOffset + from * aRow,
                    aRow,
                    aCol,
                    b,
                    g,
                    beta,
                    c,
                    cOffset + from * cRow,
                    cRow);
        }
    }

    /**
     * The weight gradient of grouped products: for every group g, {@code C_g = beta C_g + A_g^T B_g}, where {@code A_g}
     * (rows x m) and
     * {@code B_g} (rows x n) are rows {@code [starts[g], starts[g + 1])} of A and B, and {@code C_g} (m x n) is
     * contiguous at
     * {@code cOffset + g * m * n}. A group without rows gives {@code beta C_g}.
     */
    default void multiplyGroupedTransposed(
            int groups,
            int m,
            int n,
            int[] starts,
            float[] a,
            int aOffset,
            int aRow,
            float[] b,
            int bOffset,
            int bRow,
            float beta,
            float[] c,
            int cOffset) {
        for (int g = 0; g < groups; g++) {
            int from = starts[g];
            int rows = starts[g + 1] - from;
            View bg = new View(1, rows, n, b, bOffset + from * bRow, 0, bRow, 1);
            multiplyGroup(m, a, aOffset + from * aRow, 1, aRow, bg, 0, beta, c, cOffset + g * m * n, n);
        }
    }

    /**
     * {@code C = Z^T Z} (n, n), contiguous at {@code cOffset}: symmetric to the bit. Z (m, n) has rows {@code zRow}
     * apart.
     */
    default void gram(int m, int n, float[] z, int zOffset, int zRow, float[] c, int cOffset) {
        multiplyGroupedTransposed(1, n, n, new int[] {0, m}, z, zOffset, zRow, z, zOffset, zRow, 0f, c, cOffset);
    }

    private static void multiplyGroup(
            int m,
            float[] a,
            int aOffset,
            int aRow,
            int aCol,
            Prepared prepared,
            int group,
            float beta,
            float[] c,
            int cOffset,
            int cRow) {
        if (prepared instanceof Frozen frozen) {
            FrozenMatrix w = frozen.matrices[group];
            if (frozen.rounds()) {
                Tensor x = frozen.rounded(m, a, aOffset, aRow, aCol);
                multiplyFrozen(m, x.array(), x.offset(), frozen.k, 1, w, beta, c, cOffset, cRow);
                Workspace.releaseUnheld(x);
            } else {
                multiplyFrozen(m, a, aOffset, aRow, aCol, w, beta, c, cOffset, cRow);
            }
            return;
        }
        View b = (View) prepared;
        int bOffset = b.offset + group * b.groupStride;
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < b.n; j++) {
                float sum = 0f;
                for (int p = 0; p < b.k; p++) {
                    sum += a[aOffset + i * aRow + p * aCol] * b.b[bOffset + p * b.row + j * b.col];
                }
                int at = cOffset + i * cRow + j;
                c[at] = beta == 0f ? sum : beta * c[at] + sum;
            }
        }
    }

    private static void multiplyFrozen(
            int m,
            float[] a,
            int aOffset,
            int aRow,
            int aCol,
            FrozenMatrix w,
            float beta,
            float[] c,
            int cOffset,
            int cRow) {
        float[] column = new float[w.cols()];
        for (int j = 0; m > 0 && j < w.rows(); j++) {
            w.widen(j, 0, column.length, column, 0);
            for (int i = 0; i < m; i++) {
                float sum = 0f;
                for (int p = 0; p < column.length; p++) {
                    sum += a[aOffset + i * aRow + p * aCol] * column[p];
                }
                int at = cOffset + i * cRow + j;
                c[at] = beta == 0f ? sum : beta * c[at] + sum;
            }
        }
    }
}
