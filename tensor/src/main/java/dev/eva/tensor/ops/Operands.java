package dev.eva.tensor.ops;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.PackedRows;
import dev.eva.tensor.kernel.OperandRounding;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.function.IntUnaryOperator;

/**
 * The operands of products with a weight, rounded as the weight asks, in scratch memory; else as they are. What a
 * rounding weight reads is kept for backward in its packed form: its op drops the input.
 */
public final class Operands {
    private Operands() {}

    /** x for {@code y = x W^T}; packed, as the next of {@link Ctx#packed}, where the weight rounds. */
    public static Tensor activation(Ctx ctx, PreparedWeight w, Tensor x) {
        OperandRounding rounding = w.rounding();
        if (rounding == null) {
            return x;
        }
        if (!ctx.recording()) {
            return passing(ctx, w, x);
        }
        rounding.sees(x.rows(), x.dim(-1), x.array(), x.offset());
        return ctx.pack(x, rounding.packing()).unpack(ctx);
    }

    /** x for {@code y = x W^T} that nobody keeps. */
    public static Tensor passing(Ctx ctx, PreparedWeight w, Tensor x) {
        OperandRounding rounding = w.rounding();
        if (rounding == null) {
            return x;
        }
        rounding.sees(x.rows(), x.dim(-1), x.array(), x.offset());
        Tensor out = ctx.empty(x.shape());
        rounding.activation(x.rows(), x.dim(-1), x.array(), x.offset(), out.array(), out.offset());
        return out;
    }

    /**
     * Chosen rows of x (M, D), copied for {@code y = x W^T}, row i being {@code x_(rowOf(i))}; packed as in {@link
     * #activation}, before they are copied.
     */
    public static Tensor rows(Ctx ctx, PreparedWeight w, Tensor x, int rows, IntUnaryOperator rowOf) {
        OperandRounding rounding = w.rounding();
        Tensor out = ctx.empty(rows, x.dim(1));
        if (rounding == null || !ctx.recording()) {
            return RowGather.copy(passing(ctx, w, x), rowOf, out);
        }
        rounding.sees(x.rows(), x.dim(1), x.array(), x.offset());
        return ctx.pack(x, rounding.packing()).unpack(out, rowOf);
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

    /** Input i of an op for {@code dW = dY^T x}, which has kept it as the j-th packed one where the weight rounds. */
    static Tensor keptColumns(Ctx ctx, PreparedWeight w, int i, int j, int... starts) {
        if (w.rounding() == null) {
            return ctx.input(i);
        }
        return columns(w, ctx.packed(j).unpack(ctx), starts);
    }

    /** Rows of input i, which {@link #rows} has kept as the j-th packed one, for {@code dW = dY^T x}; in out. */
    public static Tensor keptRows(
            Ctx ctx, PreparedWeight w, int i, int j, Tensor out, IntUnaryOperator rowOf, int... starts) {
        if (w.rounding() == null) {
            return RowGather.copy(ctx.input(i), rowOf, out);
        }
        PackedRows x = ctx.packed(j);
        return columns(w, x.unpack(out, rowOf), starts);
    }

    /** x in scratch memory for {@code dW = dY^T x}, over rows {@code [starts[g], starts[g + 1])}; rounded in place. */
    public static Tensor columns(PreparedWeight w, Tensor x, int... starts) {
        if (w.rounding() != null) {
            w.rounding().activationColumns(starts, x.dim(-1), x.array(), x.offset(), x.array(), x.offset());
        }
        return x;
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
