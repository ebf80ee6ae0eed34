package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.SoftmaxKernel;

/** Softmax over the last dimension: {@code y_i = exp(x_i) / sum_j exp(x_j)}. Shapes: x (..., n) -> (..., n). */
public record Softmax() implements Op {
    private static final Softmax OP = new Softmax();
    private static final SoftmaxKernel SOFTMAX = Kernels.find(SoftmaxKernel.class, SoftmaxKernel.REFERENCE);

    /** {@code exp(x_i) / sum_j exp(x_j)} over the last dimension. */
    public static Tensor softmax(Tensor x) {
        return Tape.apply(OP, x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        int n = x.dim(-1);
        Tensor y = ctx.empty(x.shape());
        Parallel.rows(
                x.rows(),
                n,
                (from, to) -> SOFTMAX.softmax(
                        to - from, n, x.array(), x.offset() + from * n, y.array(), y.offset() + from * n));
        return y;
    }

    /** {@code dX_i = y_i (dOut_i - sum_j y_j dOut_j)}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor y = ctx.output();
        int n = y.dim(-1);
        Tensor dX = ctx.empty(y.shape());
        Parallel.rows(
                y.rows(),
                n,
                (from, to) -> SOFTMAX.softmaxBackward(
                        to - from,
                        n,
                        y.array(),
                        y.offset() + from * n,
                        dOut.array(),
                        dOut.offset() + from * n,
                        dX.array(),
                        dX.offset() + from * n));
        return new Tensor[] {dX};
    }
}
