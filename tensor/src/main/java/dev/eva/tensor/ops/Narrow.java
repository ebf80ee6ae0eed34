package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/**
 * Columns of the last dimension, copied: {@code y_i = x_(from + i)}. Shapes: x (..., n) -> (..., length).
 *
 * @param from first column
 * @param length number of columns
 */
public record Narrow(int from, int length) implements Op {
    /** Columns {@code [from, from + length)} of the last dimension. */
    public static Tensor narrow(Tensor x, int from, int length) {
        return new Narrow(from, length).of(x);
    }

    /** These columns of x. */
    public Tensor of(Tensor x) {
        return Tape.apply(this, x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        int n = x.dim(-1);
        if (from < 0 || length < 0 || from > n - length) {
            throw new IllegalArgumentException("narrow: columns [" + from + ", " + ((long) from + length)
                    + ") of input " + x.shape() + "; it has " + n + " columns");
        }
        Tensor y = ctx.empty(x.shape().withLast(length));
        int rows = x.rows();
        if (Parallel.isOneTask(rows, length)) {
            copy(x, y, 0, rows);
        } else {
            Parallel.rows(rows, length, (first, end) -> copy(x, y, first, end));
        }
        ctx.dropInputs(0);
        ctx.dropOutput();
        return y;
    }

    private void copy(Tensor x, Tensor y, int first, int end) {
        int n = x.dim(-1);
        for (int r = first; r < end; r++) {
            System.arraycopy(x.array(), x.offset() + r * n + from, y.array(), y.offset() + r * length, length);
        }
    }

    /** {@code dX} is {@code dOut} in its columns, zero elsewhere. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor dX = ctx.zeros(ctx.input(0).shape());
        int n = dX.dim(-1);
        Parallel.rows(dX.rows(), length, (first, end) -> {
            for (int r = first; r < end; r++) {
                System.arraycopy(
                        dOut.array(), dOut.offset() + r * length, dX.array(), dX.offset() + r * n + from, length);
            }
        });
        return new Tensor[] {dX};
    }
}
