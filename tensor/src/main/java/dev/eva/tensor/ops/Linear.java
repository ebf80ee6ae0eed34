package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.PreparedWeight;

/**
 * Product with a weight: {@code y = x W^T (+ bias)}. Shapes: x (..., k), W (n, k), bias (n) -> (..., n).
 *
 * <p>The gradient of a weight or bias that is a leaf is added straight to its gradient tensor.
 *
 * @param again whether a frugal tape makes y again, by the product, in place of keeping it
 */
public record Linear(PreparedWeight weight, boolean again) implements Op {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /** A product whose output is kept where it is read, unless its operands are rounded: those are kept, packed. */
    public Linear(PreparedWeight weight) {
        this(weight, weight.rounding() != null);
    }

    /** {@code x W^T}. */
    public static Tensor linear(Tensor x, PreparedWeight w) {
        return new Linear(w).of(x);
    }

    /** {@code x W^T}. */
    public Tensor of(Tensor x) {
        return weight.isFrozen() ? Tape.apply(this, x) : Tape.apply(this, x, weight.weight());
    }

    /** {@code x W^T + bias}, the bias being added to every row. */
    public static Tensor linear(Tensor x, PreparedWeight w, Tensor bias) {
        return Tape.apply(new Linear(w), x, w.weight(), bias);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        int k = weight.inFeatures();
        int n = weight.outFeatures();
        if (weight.isGrouped() || x.shape().rank() == 0 || x.dim(-1) != k) {
            throw new IllegalArgumentException("linear: input " + x.shape() + ", weight " + weight.sizes()
                    + "; need input (..., in) and weight (out, in)");
        }
        if (in.length == 3 && in[2].size() != n) {
            throw new IllegalArgumentException(
                    "linear: bias " + in[2].shape() + ", weight " + in[1].shape() + "; need bias (" + n + ")");
        }
        Tensor y = ctx.empty(x.shape().withLast(n));
        float[] bias = in.length == 3 ? in[2].array() : null;
        int biasOffset = in.length == 3 ? in[2].offset() : 0;
        multiply(Operands.activation(ctx, weight, x), bias, biasOffset, y);
        if (weight.rounding() != null) {
            ctx.dropInputs(0);
        }
        ctx.dropOutput();
        return y;
    }

    private void multiply(Tensor operand, float[] bias, int biasOffset, Tensor y) {
        int k = weight.inFeatures();
        GEMM.multiply(
                operand.rows(),
                operand.array(),
                operand.offset(),
                k,
                1,
                weight.forward(),
                bias,
                biasOffset,
                0f,
                y.array(),
                y.offset(),
                weight.outFeatures());
        weight.rest();
    }

    @Override
    public boolean remakes(Ctx ctx) {
        return again;
    }

    @Override
    public Tensor remake(Ctx ctx) {
        Tensor y = ctx.empty(ctx.output().shape());
        Tensor bias = ctx.inputCount() == 3 ? ctx.input(2) : null;
        Tensor x = weight.rounding() != null ? ctx.packed(0).unpack(ctx) : ctx.input(0);
        multiply(x, bias == null ? null : bias.array(), bias == null ? 0 : bias.offset(), y);
        return y;
    }

    /** {@code dX = dOut W}, {@code dW = dOut^T x}, {@code dBias = sum over rows of dOut}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor[] dIn = new Tensor[ctx.inputCount()];
        if (ctx.needsGrad(0)) {
            dIn[0] = inputGradient(ctx, dOut);
        }
        if (dIn.length > 1 && ctx.needsGrad(1)) {
            dIn[1] = weightGradient(ctx, dOut);
        }
        if (dIn.length == 3 && ctx.needsGrad(2)) {
            dIn[2] = sumRows(ctx, dOut, weight.outFeatures(), ctx.input(2));
        }
        return dIn;
    }

    private Tensor inputGradient(Ctx ctx, Tensor dOut) {
        int n = weight.outFeatures();
        int k = weight.inFeatures();
        Tensor dX = ctx.empty(ctx.input(0).shape());
        Gemm.Prepared w = weight.backward();
        Tensor dY = Operands.gradient(ctx, weight, dOut);
        GEMM.multiply(dY.rows(), dY.array(), dY.offset(), n, 1, w, null, 0, 0f, dX.array(), dX.offset(), k);
        return dX;
    }

    /** Null if it was added to the gradient of a leaf. */
    private Tensor weightGradient(Ctx ctx, Tensor dOut) {
        int[] all = {0, dOut.rows()};
        Tensor x = Operands.keptColumns(ctx, weight, 0, 0, all);
        Tensor dY = Operands.gradientColumns(ctx, weight, dOut, all);
        int n = weight.outFeatures();
        int k = weight.inFeatures();
        float beta = ctx.leafBeta(1);
        Tensor leaf = ctx.leafGrad(1);
        Tensor dW = leaf != null ? leaf : ctx.empty(ctx.input(1).shape());
        GEMM.multiplyGroupedTransposed(
                1, n, k, all, dY.array(), dY.offset(), n, x.array(), x.offset(), k, beta, dW.array(), dW.offset());
        return leaf != null ? null : dW;
    }

    private static Tensor sumRows(Ctx ctx, Tensor dOut, int n, Tensor bias) {
        Tensor sum = ctx.zeros(bias.shape());
        int rows = dOut.rows();
        Parallel.columns(rows, n, (from, to) -> {
            for (int r = 0; r < rows; r++) {
                ELEMENTWISE.addTo(
                        to - from, dOut.array(), dOut.offset() + r * n + from, sum.array(), sum.offset() + from);
            }
        });
        return sum;
    }
}
