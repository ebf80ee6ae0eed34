package dev.eva.tensor.ops;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/** The same values under another shape, sharing memory: {@code y = x}. Shapes: x (...) -> shape, of equal size. */
public record Reshape(Shape shape) implements Op {
    /** {@code x} with sizes {@code dims}, outermost first. */
    public static Tensor reshape(Tensor x, int... dims) {
        return Tape.apply(new Reshape(Shape.of(dims)), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        if (in[0].size() != shape.size()) {
            throw new IllegalArgumentException(
                    "reshape: sizes differ: input " + in[0].shape() + ", requested " + shape);
        }
        return in[0].view(shape);
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        return new Tensor[] {dOut.view(ctx.input(0).shape())};
    }
}
