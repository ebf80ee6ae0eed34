package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import java.util.function.IntUnaryOperator;

/** What looking up rows of a matrix and its gradient are made of, for {@link Embedding} and {@link GatherRows}. */
final class RowGather {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    private RowGather() {}

    /** {@code y_i = x_(rows[i])}. */
    static Tensor gather(Ctx ctx, String op, Tensor x, int[] rows) {
        if (x.shape().rank() != 2) {
            throw new IllegalArgumentException(op + ": " + x.shape() + "; need a matrix");
        }
        int d = x.dim(1);
        for (int i = 0; i < rows.length; i++) {
            if (rows[i] < 0 || rows[i] >= x.dim(0)) {
                throw new IllegalArgumentException(
                        op + ": row " + rows[i] + " at index " + i + "; the matrix is " + x.shape());
            }
        }
        Tensor y = ctx.empty(rows.length, d);
        if (Parallel.isOneTask(rows.length, d)) {
            for (int i = 0; i < rows.length; i++) {
                System.arraycopy(x.array(), x.offset() + rows[i] * d, y.array(), y.offset() + i * d, d);
            }
            return y;
        }
        return copy(x, i -> rows[i], y);
    }

    /** {@code y_i = x_(rowOf(i))}. */
    static Tensor copy(Tensor x, IntUnaryOperator rowOf, Tensor y) {
        if (Parallel.isOneTask(y.dim(0), x.dim(1))) {
            copy(x, rowOf, y, 0, y.dim(0));
        } else {
            Parallel.rows(y.dim(0), x.dim(1), (from, to) -> copy(x, rowOf, y, from, to));
        }
        return y;
    }

    private static void copy(Tensor x, IntUnaryOperator rowOf, Tensor y, int from, int to) {
        int d = x.dim(1);
        for (int i = from; i < to; i++) {
            int row = rowOf.applyAsInt(i);
            System.arraycopy(x.array(), x.offset() + row * d, y.array(), y.offset() + i * d, d);
        }
    }

    /**
     * {@code dX_r = sum of dOut_i over i with rows[i] == r}, added in the order of i: straight to a leaf's gradient.
     */
    static Tensor scatter(Ctx ctx, int[] rows, Tensor dOut) {
        Tensor leaf = ctx.leafGrad(0);
        Tensor dX = leaf != null ? leaf : ctx.zeros(ctx.input(0).shape());
        int d = dX.dim(1);
        Parallel.columns(rows.length, d, (from, to) -> {
            for (int i = 0; i < rows.length; i++) {
                ELEMENTWISE.addTo(
                        to - from,
                        dOut.array(),
                        dOut.offset() + i * d + from,
                        dX.array(),
                        dX.offset() + rows[i] * d + from);
            }
        });
        return leaf != null ? null : dX;
    }
}
