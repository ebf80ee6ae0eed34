package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/** Logistic function: {@code y = 1 / (1 + exp(-x))}. Shapes: x (...) -> (...). */
public record Sigmoid() implements Op {
    private static final Sigmoid OP = new Sigmoid();
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** {@code 1 / (1 + exp(-x))}. */
    public static Tensor sigmoid(Tensor x) {
        return Tape.apply(OP, x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        Tensor y = ctx.empty(x.shape());
        if (Parallel.isOneTask(y.size(), 1)) {
            sigmoid(x, y, 0, y.size());
        } else {
            Parallel.elements(y.size(), (from, to) -> sigmoid(x, y, from, to));
        }
        return y;
    }

    private static void sigmoid(Tensor x, Tensor y, int from, int to) {
        ELEMENTWISE.sigmoid(to - from, x.array(), x.offset() + from, y.array(), y.offset() + from);
    }

    /** {@code dX = dOut y (1 - y)}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor y = ctx.output();
        Tensor dX = ctx.empty(y.shape());
        Parallel.elements(
                dX.size(),
                (from, to) -> ELEMENTWISE.sigmoidBackward(
                        to - from,
                        y.array(),
                        y.offset() + from,
                        dOut.array(),
                        dOut.offset() + from,
                        dX.array(),
                        dX.offset() + from));
        return new Tensor[] {dX};
    }
}
