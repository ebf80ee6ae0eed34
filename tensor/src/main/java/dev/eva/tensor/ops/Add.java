package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/** Sum of two tensors of one shape: {@code y = a + b}. Shapes: a, b (...) -> (...). */
public record Add() implements Op {
    private static final Add OP = new Add();
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code a + b}, of equal shapes. */
    public static Tensor add(Tensor a, Tensor b) {
        return Tape.apply(OP, a, b);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor a = in[0];
        Tensor b = in[1];
        Tensor y = ctx.empty(sameShape("add", a, b));
        if (Parallel.isOneTask(y.size(), 1)) {
            add(a, b, y, 0, y.size());
        } else {
            Parallel.elements(y.size(), (from, to) -> add(a, b, y, from, to));
        }
        ctx.dropInputs(0, 1);
        ctx.dropOutput();
        return y;
    }

    private static void add(Tensor a, Tensor b, Tensor y, int from, int to) {
        ELEMENTWISE.add(
                to - from, a.array(), a.offset() + from, b.array(), b.offset() + from, y.array(), y.offset() + from);
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        return new Tensor[] {dOut, dOut};
    }

    /** The shape of both, or an error that names them. */
    static Shape sameShape(String op, Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException(
                    op + ": shapes differ: a " + a.shape() + ", b " + b.shape() + "; need the same shape");
        }
        return a.shape();
    }
}
