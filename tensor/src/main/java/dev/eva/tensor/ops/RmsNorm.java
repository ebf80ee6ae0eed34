package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Normalization;

/**
 * Root-mean-square normalisation (arXiv:1910.07467): {@code y = x w / sqrt(mean(x^2) + eps)} over the last dimension.
 *
 * <p>Shapes: x (..., D), weight (D) -> (..., D).
 *
 * @param eps keeps rows of zeros finite
 */
public record RmsNorm(float eps) implements Op {
    private static final Normalization NORMALIZATION = Kernels.find(Normalization.class, Normalization.REFERENCE);
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** Least number of rows whose share of the weight gradient is summed in one partial result. */
    private static final int MIN_BLOCK = 32;

    /** Elements of narrow rows that make a task worth handing out. */
    private static final int GRAIN = 16 * 1024;

    /** {@code x w / sqrt(mean(x^2) + eps)} over the last dimension. */
    public static Tensor rmsNorm(Tensor x, Tensor weight, float eps) {
        return new RmsNorm(eps).of(x, weight);
    }

    /** {@code x w / sqrt(mean(x^2) + eps)} over the last dimension. */
    public Tensor of(Tensor x, Tensor weight) {
        return Tape.apply(this, x, weight);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        Tensor w = in[1];
        int d = x.dim(-1);
        if (w.shape().rank() != 1 || w.size() != d) {
            throw new IllegalArgumentException(
                    "rmsNorm: input " + x.shape() + ", weight " + w.shape() + "; need weight (" + d + ")");
        }
        Tensor y = ctx.empty(x.shape());
        Tensor rstd = ctx.empty(Shape.of(x.rows()));
        normalise(x, w, y, rstd);
        ctx.save(rstd);
        ctx.dropOutput();
        return y;
    }

    private void normalise(Tensor x, Tensor w, Tensor y, Tensor rstd) {
        int rows = x.rows();
        int d = x.dim(-1);
        if (Parallel.isOneTask(rows, d)) {
            normalise(x, w, y, rstd, 0, rows);
        } else {
            Parallel.rows(rows, d, (from, to) -> normalise(x, w, y, rstd, from, to));
        }
    }

    private void normalise(Tensor x, Tensor w, Tensor y, Tensor rstd, int from, int to) {
        int d = x.dim(-1);
        NORMALIZATION.rmsNorm(
                to - from,
                d,
                eps,
                x.array(),
                x.offset() + from * d,
                w.array(),
                w.offset(),
                y.array(),
                y.offset() + from * d,
                rstd.array(),
                rstd.offset() + from);
    }

    @Override
    public boolean remakes(Ctx ctx) {
        return true;
    }

    @Override
    public Tensor remake(Ctx ctx) {
        Tensor y = ctx.empty(ctx.output().shape());
        normalise(ctx.input(0), ctx.input(1), y, ctx.saved(0));
        return y;
    }

    /**
     * With {@code r = 1 / sqrt(mean(x^2) + eps)}: {@code dX = r (w dOut - x r^2 mean(w dOut x))}, {@code dW = sum over
     * rows of dOut x r}.
     */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor x = ctx.input(0);
        Tensor w = ctx.input(1);
        Tensor rstd = ctx.saved(0);
        int d = x.dim(-1);
        int rows = x.rows();
        int block = Math.max(MIN_BLOCK, GRAIN / Math.max(1, d));
        int blocks = (rows + block - 1) / block;
        Tensor dX = ctx.empty(x.shape());
        Tensor partial = ctx.zeros(Shape.of(blocks, d));
        Parallel.range(
                rows,
                block,
                (from, to) -> NORMALIZATION.rmsNormBackward(
                        to - from,
                        d,
                        x.array(),
                        x.offset() + from * d,
                        w.array(),
                        w.offset(),
                        rstd.array(),
                        rstd.offset() + from,
                        dOut.array(),
                        dOut.offset() + from * d,
                        dX.array(),
                        dX.offset() + from * d,
                        partial.array(),
                        partial.offset() + from / block * d));
        Tensor dW = ctx.zeros(w.shape());
        for (int b = 0; b < blocks; b++) {
            ELEMENTWISE.addTo(d, partial.array(), partial.offset() + b * d, dW.array(), dW.offset());
        }
        return new Tensor[] {dX, dW};
    }
}
