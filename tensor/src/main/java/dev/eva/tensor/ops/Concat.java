package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/** Two inputs side by side: {@code y = [a ; b]}. Shapes: a (..., n), b (..., m) -> (..., n + m). */
public record Concat() implements Op {
    /** {@code [a ; b]}; all dimensions but the last are the same. */
    public static Tensor concat(Tensor a, Tensor b) {
        return Tape.apply(new Concat(), a, b);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor a = in[0];
        Tensor b = in[1];
        int n = a.dim(-1);
        int m = b.dim(-1);
        if (!a.shape().equals(b.shape().withLast(n))) {
            throw new IllegalArgumentException(
                    "concat: inputs " + a.shape() + " and " + b.shape() + "; need the same but for the last dimension");
        }
        Tensor y = ctx.empty(a.shape().withLast(n + m));
        Parallel.rows(a.rows(), n + m, (first, end) -> {
            copyColumns(a, 0, y, 0, n, first, end);
            copyColumns(b, 0, y, n, m, first, end);
        });
        return y;
    }

    /** {@code dA} and {@code dB} are their columns of {@code dOut}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor dA = ctx.empty(ctx.input(0).shape());
        Tensor dB = ctx.empty(ctx.input(1).shape());
        int n = dA.dim(-1);
        int m = dB.dim(-1);
        Parallel.rows(dA.rows(), n + m, (first, end) -> {
            copyColumns(dOut, 0, dA, 0, n, first, end);
            copyColumns(dOut, n, dB, 0, m, first, end);
        });
        return new Tensor[] {dA, dB};
    }

    private static void copyColumns(Tensor from, int at, Tensor to, int into, int columns, int first, int end) {
        int fromRow = from.dim(-1);
        int toRow = to.dim(-1);
        for (int r = first; r < end; r++) {
            int source = from.offset() + r * fromRow + at;
            System.arraycopy(from.array(), source, to.array(), to.offset() + r * toRow + into, columns);
        }
    }
}
