package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/** Multiplication by a constant: {@code y = factor * x}. Shapes: x (...) -> (...). */
public record Scale(float factor) implements Op {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code factor * x}. */
    public static Tensor scale(Tensor x, float factor) {
        return Tape.apply(new Scale(factor), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        return scaled(ctx, in[0]);
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        return new Tensor[] {scaled(ctx, dOut)};
    }

    private Tensor scaled(Ctx ctx, Tensor x) {
        Tensor y = ctx.empty(x.shape());
        Parallel.elements(
                y.size(),
                (from, to) -> ELEMENTWISE.scale(
                        to - from, factor, x.array(), x.offset() + from, y.array(), y.offset() + from));
        return y;
    }
}
