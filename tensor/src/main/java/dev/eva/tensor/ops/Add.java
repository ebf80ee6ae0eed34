package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/**
 * Sum of two tensors of one shape: {@code y = a + b}. Shapes: a, b (...) -> (...).
 *
 * @param again whether a frugal tape adds once more in place of keeping y, where b is made again, too
 */
public record Add(boolean again) implements Op {
    private static final Add OP = new Add(false);
    private static final Add AGAIN = new Add(true);
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code a + b}, of equal shapes. */
    public static Tensor add(Tensor a, Tensor b) {
        return Tape.apply(OP, a, b);
    }

    /** {@link #add} of an a that is kept anyway, so that y costs nothing to keep where b is made again. */
    public static Tensor addToKept(Tensor a, Tensor b) {
        return Tape.apply(AGAIN, a, b);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor y = sum(ctx, in[0], in[1]);
        if (!remakes(ctx)) {
            ctx.dropInputs(0, 1);
        }
        ctx.dropOutput();
        return y;
    }

    @Override
    public boolean remakes(Ctx ctx) {
        return again && ctx.isRemade(1);
    }

    @Override
    public Tensor remake(Ctx ctx) {
        return sum(ctx, ctx.input(0), ctx.input(1));
    }

    private static Tensor sum(Ctx ctx, Tensor a, Tensor b) {
        Tensor y = ctx.empty(sameShape("add", a, b));
        if (Parallel.isOneTask(y.size(), 1)) {
            add(a, b, y, 0, y.size());
        } else {
            Parallel.elements(y.size(), (from, to) -> add(a, b, y, from, to));
        }
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
