package dev.eva.tensor.ops;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/** Sum of all elements, with float64 accumulators: {@code y = sum_i x_i}. Shapes: x (...) -> (). */
public record Sum() implements Op {
    /** {@code sum_i x_i}, a scalar. */
    public static Tensor sum(Tensor x) {
        return Tape.apply(new Sum(), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor y = ctx.empty(Shape.of());
        y.fill((float) Totals.sum(in[0]));
        return y;
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor dX = ctx.empty(ctx.input(0).shape());
        dX.fill(dOut.item());
        return new Tensor[] {dX};
    }
}
