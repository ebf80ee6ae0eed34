package dev.eva.tensor.ops;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.Arrays;

/**
 * A product a group of rows: {@code y_r = x_r W_g^T} for rows r in {@code [starts[g], starts[g + 1])}; one expert a
 * group, over
 * tokens sorted by expert. Shapes: x (S, k), W (G, n, k) -> (S, n).
 *
 * @param starts G + 1 ascending row numbers, from 0 to S
 */
public record GroupedLinear(PreparedWeight weight, int[] starts) implements Op {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    /**
     * {@code x_r W_g^T} for the rows of every group; {@code starts} must not change until the backward pass is over.
     */
    public static Tensor groupedLinear(Tensor x, PreparedWeight w, int[] starts) {
        GroupedLinear op = new GroupedLinear(w, starts);
        return w.isFrozen() ? Tape.apply(op, x) : Tape.apply(op, x, w.weight());
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        int k = weight.inFeatures();
        int n = weight.outFeatures();
        if (x.shape().rank() != 2 || x.dim(1) != k) {
            throw new IllegalArgumentException("groupedLinear: input " + x.shape() + ", weight " + weight.sizes()
                    + "; need input (rows, in) and weight (groups, out, in)");
        }
        checkStarts(x);
        Tensor y = ctx.empty(x.dim(0), n);
        Tensor a = Operands.activation(ctx, weight, x);
        GEMM.multiplyGrouped(starts, a.array(), a.offset(), k, 1, weight.forward(), 0f, y.array(), y.offset(), n);
        weight.rest();
        if (weight.rounding() != null) {
            ctx.dropInputs(0);
        }
        ctx.dropOutput();
        return y;
    }

    private void checkStarts(Tensor x) {
        int groups = weight.groups();
        boolean ascending = starts.length == groups + 1 && starts[0] == 0 && starts[groups] == x.dim(0);
        for (int g = 0; ascending && g < groups; g++) {
            ascending = starts[g] <= starts[g + 1];
        }
        if (!ascending) {
            throw new IllegalArgumentException("groupedLinear: starts " + Arrays.toString(starts) + " for " + groups
                    + " groups of input " + x.shape() + "; need groups + 1 ascending numbers from 0 to rows");
        }
    }

    /** {@code dX_r = dOut_r W_g}, {@code dW_g = dOut_g^T x_g}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor dX = ctx.needsGrad(0) ? inputGradient(ctx, dOut) : null;
        return weight.isFrozen()
                ? new Tensor[] {dX}
                : new Tensor[] {dX, ctx.needsGrad(1) ? weightGradient(ctx, dOut) : null};
    }

    private Tensor inputGradient(Ctx ctx, Tensor dOut) {
        int n = weight.outFeatures();
        int k = weight.inFeatures();
        Tensor dX = ctx.empty(ctx.input(0).shape());
        Tensor dY = Operands.gradient(ctx, weight, dOut);
        GEMM.multiplyGrouped(starts, dY.array(), dY.offset(), n, 1, weight.backward(), 0f, dX.array(), dX.offset(), k);
        return dX;
    }

    /** Null if it was added to the gradient of a leaf. */
    private Tensor weightGradient(Ctx ctx, Tensor dOut) {
        Tensor x = Operands.keptColumns(ctx, weight, 0, 0, starts);
        Tensor dY = Operands.gradientColumns(ctx, weight, dOut, starts);
        int n = weight.outFeatures();
        int k = weight.inFeatures();
        float beta = ctx.leafBeta(1);
        Tensor leaf = ctx.leafGrad(1);
        Tensor dW = leaf != null ? leaf : ctx.empty(ctx.input(1).shape());
        int groups = weight.groups();
        GEMM.multiplyGroupedTransposed(
                groups,
                n,
                k,
                starts,
                dY.array(),
                dY.offset(),
                n,
                x.array(),
                x.offset(),
                k,
                beta,
                dW.array(),
                dW.offset());
        return leaf != null ? null : dW;
    }
}
