package dev.eva.tensor.ops;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.kernel.OperandRounding;
import dev.eva.tensor.kernel.PreparedWeight;

/** The operands of products with a weight, rounded as the weight asks, in scratch memory; else as they are. */
public final class Operands {
    private Operands() {}

    /** x for {@code y = x W^T}. */
    public static Tensor activation(Ctx ctx, PreparedWeight w, Tensor x) {
        OperandRounding rounding = w.rounding();
        if (rounding == null) {
            return x;
        }
        Tensor out = ctx.empty(x.shape());
        rounding.activation(x.rows(), x.dim(-1), x.array(), x.offset(), out.array(), out.offset());
        return out;
    }

    /** dY for {@code dX = dY W}. */
    public static Tensor gradient(Ctx ctx, PreparedWeight w, Tensor dY) {
        OperandRounding rounding = w.rounding();
        if (rounding == null) {
            return dY;
        }
        Tensor out = ctx.empty(dY.shape());
        rounding.gradient(dY.rows(), dY.dim(-1), dY.array(), dY.offset(), out.array(), out.offset());
        return out;
    }

    /** x for {@code dW = dY^T x}, over rows {@code [starts[g], starts[g + 1])}. */
    public static Tensor activationColumns(Ctx ctx, PreparedWeight w, Tensor x, int... starts) {
        OperandRounding rounding = w.rounding();
        if (rounding == null) {
            return x;
        }
        Tensor out = ctx.empty(x.shape());
        rounding.activationColumns(starts, x.dim(-1), x.array(), x.offset(), out.array(), out.offset());
        return out;
    }

    /** dY for {@code dW = dY^T x}. */
    public static Tensor gradientColumns(Ctx ctx, PreparedWeight w, Tensor dY, int... starts) {
        OperandRounding rounding = w.rounding();
        if (rounding == null) {
            return dY;
        }
        Tensor out = ctx.empty(dY.shape());
        rounding.gradientColumns(starts, dY.dim(-1), dY.array(), dY.offset(), out.array(), out.offset());
        return out;
    }
}
