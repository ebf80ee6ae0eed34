package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/**
 * Sigmoid-weighted linear unit (arXiv:1702.03118): {@code y = x s(x)}, {@code s(x) = 1 / (1 + exp(-x))}. Shapes: x
 * (...) -> (...).
 */
public record Silu() implements Op {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code x s(x)}. */
    public static Tensor silu(Tensor x) {
        return Tape.apply(new Silu(), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        Tensor y = ctx.empty(x.shape());
        Parallel.elements(
                y.size(),
                (from, to) -> ELEMENTWISE.silu(to - from, x.array(), x.offset() + from, y.array(), y.offset() + from));
        return y;
    }

    /** {@code dX = dOut s(x) (1 + x (1 - s(x)))}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor x = ctx.input(0);
        Tensor dX = ctx.empty(x.shape());
        Parallel.elements(
                dX.size(),
                (from, to) -> ELEMENTWISE.siluBackward(
                        to - from,
                        x.array(),
                        x.offset() + from,
                        dOut.array(),
                        dOut.offset() + from,
                        dX.array(),
                        dX.offset() + from));
        return new Tensor[] {dX};
    }
}
