package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/** Product of two tensors of one shape, element by element: {@code y = a * b}. Shapes: a, b (...) -> (...). */
public record Mul() implements Op {
    private static final Mul OP = new Mul();
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code a * b}, of equal shapes. */
    public static Tensor mul(Tensor a, Tensor b) {
        return Tape.apply(OP, a, b);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Add.sameShape("mul", in[0], in[1]);
        return product(ctx, in[0], in[1]);
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        return new Tensor[] {
            ctx.needsGrad(0) ? product(ctx, dOut, ctx.input(1)) : null,
            ctx.needsGrad(1) ? product(ctx, dOut, ctx.input(0)) : null
        };
    }

    private static Tensor product(Ctx ctx, Tensor a, Tensor b) {
        Tensor y = ctx.empty(a.shape());
        Parallel.elements(
                y.size(),
                (from, to) -> ELEMENTWISE.mul(
                        to - from,
                        a.array(),
                        a.offset() + from,
                        b.array(),
                        b.offset() + from,
                        y.array(),
                        y.offset() + from));
        return y;
    }
}
