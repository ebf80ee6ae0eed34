package dev.eva.moe;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;

/**
 * A copy of each token for each of its experts, sorted by expert: {@code y_s = x_token(s)}. Shapes: x (T, D) -> (S, D).
 */
record Dispatch(SlotOrder order) implements Op {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    static Tensor dispatch(Tensor x, SlotOrder order) {
        return Tape.apply(new Dispatch(order), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        int d = x.dim(1);
        Tensor y = ctx.empty(order.tokenOfSlot().length, d);
        Parallel.rows(y.dim(0), d, (from, to) -> {
            for (int s = from; s < to; s++) {
                System.arraycopy(x.array(), x.offset() + order.tokenOfSlot()[s] * d, y.array(), y.offset() + s * d, d);
            }
        });
        return y;
    }

    /** {@code dX_t = sum over the slots of t of dOut_s}, in the order of the token's experts. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor dX = ctx.empty(ctx.input(0).shape());
        int tokens = dX.dim(0);
        int d = dX.dim(1);
        int k = order.perToken(tokens);
        Parallel.rows(tokens, k * d, (from, to) -> {
            for (int t = from; t < to; t++) {
                int at = dX.offset() + t * d;
                int first = dOut.offset() + order.slotOfPick()[t * k] * d;
                System.arraycopy(dOut.array(), first, dX.array(), at, d);
                for (int j = 1; j < k; j++) {
                    int slot = order.slotOfPick()[t * k + j];
                    ELEMENTWISE.addTo(d, dOut.array(), dOut.offset() + slot * d, dX.array(), at);
                }
            }
        });
        return new Tensor[] {dX};
    }
}
