package dev.eva.tensor.ops;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/** Mean of all n elements, with float64 accumulators: {@code y = sum_i x_i / n}. Shapes: x (...) -> (). */
public record Mean() implements Op {
    /** {@code sum_i x_i / n}, a scalar. */
    public static Tensor mean(Tensor x) {
        return Tape.apply(new Mean(), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        if (in[0].size() == 0) {
            throw new IllegalArgumentException("mean: input " + in[0].shape() + " has no elements; need at least one");
        }
        Tensor y = ctx.empty(Shape.of());
        y.fill((float) (Totals.sum(in[0]) / in[0].size()));
        return y;
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor dX = ctx.empty(ctx.input(0).shape());
        dX.fill(dOut.item() / dX.size());
        return new Tensor[] {dX};
    }
}
