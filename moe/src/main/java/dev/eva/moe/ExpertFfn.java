package dev.eva.moe;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.FeedForwardKernel.Slots;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.PreparedWeight;
import dev.eva.tensor.ops.Operands;
import dev.eva.tensor.ops.SwiGlu;

/**
 * All routed experts at once: {@code y_t = sum_j g_tj W2_e (silu(W1_e x_t) * W3_e x_t)} over the K experts e of token
 * t.
 *
 * <p>Letters: T tokens, D model dimension, F hidden width, E experts, K experts a token, S = T * K slots. Shapes: x (T,
 * D), g (T, K), w13 (E, 2F, D), w2 (E, D, F) -> (T, D). Tokens are copied to their slots, which are sorted by expert,
 * so both products are grouped ones; the results of a token are added in the order of its experts.
 *
 * <p>One op and not five, because the gradient of a weight g needs no expert's output: it is
 * {@code dG_s = dOut W2 . a}, with the F activations {@code a} that are made again from gates and ups. What lives from
 * forward to backward is 2F values a slot.
 */
record ExpertFfn(PreparedWeight w13, PreparedWeight w2, SlotOrder order) implements Op {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final FeedForwardKernel WHOLE = Kernels.find(FeedForwardKernel.class, FeedForwardKernel.REFERENCE);
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);

    /**
     * @param gates (T, K) weights, whose columns {@code order} has sorted
     */
    static Tensor expertFfn(Tensor x, Tensor gates, PreparedWeight w13, PreparedWeight w2, SlotOrder order) {
        return new ExpertFfn(w13, w2, order).of(x, gates);
    }

    Tensor of(Tensor x, Tensor gates) {
        return w13.isFrozen() ? Tape.apply(this, x, gates) : Tape.apply(this, x, gates, w13.weight(), w2.weight());
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor x = in[0];
        if (x.shape().rank() != 2 || x.dim(1) != w13.inFeatures() || x.dim(0) * order.perToken() != order.slots()) {
            throw new IllegalArgumentException("experts: input " + x.shape() + ", weight " + w13.sizes() + ", "
                    + order.slots() + " slots; need input (tokens, in), " + order.perToken() + " slots a token");
        }
        boolean rounds = w13.rounding() != null || w2.rounding() != null;
        return !rounds && WHOLE.pays(order.slots(), w13.forward(), w2.forward())
                ? whole(ctx, x, in[1])
                : steps(ctx, x, in[1]);
    }

    /** By kernels that keep what is between the products; gates and ups come back where backward wants them. */
    private Tensor whole(Ctx ctx, Tensor x, Tensor gates) {
        Slots slots = new Slots(
                order.starts(),
                order.perToken(),
                order.pickOfSlot(),
                order.slotOfPick(),
                gates.array(),
                gates.offset());
        Tensor out = ctx.empty(x.shape());
        Gemm.Prepared up = w13.forward();
        Gemm.Prepared down = w2.forward();
        if (ctx.recording()) {
            Tensor gateUp = ctx.empty(order.slots(), up.n);
            WHOLE.forward(
                    slots, x.array(), x.offset(), up, down, gateUp.array(), gateUp.offset(), out.array(), out.offset());
            keep(ctx, gateUp);
        } else {
            WHOLE.forward(slots, x.array(), x.offset(), up, down, null, 0, out.array(), out.offset());
        }
        w13.rest();
        w2.rest();
        return out;
    }

    private Tensor steps(Ctx ctx, Tensor x, Tensor gates) {
        int f = w2.inFeatures();
        Tensor gateUp = ctx.empty(order.slots(), 2 * f);
        Tensor slots = Operands.rows(ctx, w13, x, order.slots(), order);
        multiply(slots, w13.forward(), gateUp);
        w13.rest();
        Tensor act = ctx.empty(order.slots(), f);
        SwiGlu.activate(gateUp, f, act);
        // The tokens' copies have served: their memory takes what the experts make of them.
        Tensor y = slots;
        multiply(Operands.passing(ctx, w2, act), w2.forward(), y);
        w2.rest();
        keep(ctx, gateUp);
        return combine(ctx, y, gates);
    }

    /** Gates and ups: the activations are made again from them. With weights that round, in the bits of an operand. */
    private void keep(Ctx ctx, Tensor gateUp) {
        ctx.dropOutput();
        if (w2.rounding() == null) {
            ctx.save(gateUp);
        } else if (ctx.recording()) {
            ctx.dropInputs(0);
            ctx.pack(gateUp, w2.rounding().packing());
        }
    }

    private Tensor keptGateUp(Ctx ctx) {
        return w2.rounding() == null ? ctx.saved(0) : ctx.packed(1).unpack(ctx);
    }

    /** A copy of each token in each of its slots. */
    private Tensor toSlots(Ctx ctx, Tensor x) {
        int d = x.dim(1);
        Tensor slots = ctx.empty(order.slots(), d);
        Parallel.rows(order.slots(), d, (from, to) -> {
            for (int s = from; s < to; s++) {
                System.arraycopy(x.array(), x.offset() + order.token(s) * d, slots.array(), slots.offset() + s * d, d);
            }
        });
        return slots;
    }

    /** {@code y_s = x_s B_e} for the slots s of every expert e. */
    private void multiply(Tensor x, Gemm.Prepared b, Tensor y) {
        GEMM.multiplyGrouped(order.starts(), x.array(), x.offset(), b.k, 1, b, 0f, y.array(), y.offset(), b.n);
    }

    /** {@code out_t = sum_j g_tj y_slot(t, j)}. */
    private Tensor combine(Ctx ctx, Tensor y, Tensor gates) {
        int k = order.perToken();
        int d = y.dim(1);
        Tensor out = ctx.empty(gates.dim(0), d);
        if (Parallel.isOneTask(gates.dim(0), k * d)) {
            combine(y, gates, out, 0, gates.dim(0));
        } else {
            Parallel.rows(gates.dim(0), k * d, (from, to) -> combine(y, gates, out, from, to));
        }
        return out;
    }

    private void combine(Tensor y, Tensor gates, Tensor out, int from, int to) {
        int k = order.perToken();
        int d = y.dim(1);
        for (int t = from; t < to; t++) {
            int at = out.offset() + t * d;
            for (int pick = t * k; pick < (t + 1) * k; pick++) {
                float g = gates.array()[gates.offset() + pick];
                int slot = y.offset() + order.slotOfPick()[pick] * d;
                if (pick == t * k) {
                    ELEMENTWISE.scale(d, g, y.array(), slot, out.array(), at);
                } else {
                    addScaled(d, g, y.array(), slot, out.array(), at);
                }
            }
        }
    }

    /**
     * With {@code dY_s = dOut_t}, {@code U = dY W2} and {@code a} the activations of slot s: {@code dG_s = U_s . a_s},
     * {@code dW2_e = sum_s dY_s^T (g_s a_s)}, {@code dA_s = g_s U_s}; from there as in any feed-forward network.
     */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor[] dIn = new Tensor[4];
        Tensor dY = toSlots(ctx, dOut);
        Tensor dAct = ctx.empty(order.slots(), w2.inFeatures());
        multiply(Operands.gradient(ctx, w2, dY), w2.backward(), dAct);
        dIn[1] = ctx.empty(ctx.input(1).shape());
        Tensor dGateUp = keptGateUp(ctx);
        activationBackward(ctx, dGateUp, dAct, dIn[1]);
        if (ctx.needsGrad(3)) {
            // dAct serves no more: it may be rounded in place.
            dIn[3] = weightGradient(ctx, 3, w2, dY, Operands.columns(w2, dAct, order.starts()));
        }
        if (ctx.needsGrad(2)) {
            // dY has served: its memory takes the tokens in their slots, then their gradient.
            Tensor slots = Operands.keptRows(ctx, w13, 0, 0, dY, order, order.starts());
            dIn[2] = weightGradient(ctx, 2, w13, dGateUp, slots);
        }
        if (ctx.needsGrad(0)) {
            multiply(Operands.gradient(ctx, w13, dGateUp), w13.backward(), dY);
            dIn[0] = fromSlots(ctx, dY);
        }
        return dIn;
    }

    /**
     * From {@code U} in dAct to the gradients of gates, ups and the tokens' weights: the kept gates and ups become
     * their gradient, {@code U} becomes {@code g a}.
     */
    private void activationBackward(Ctx ctx, Tensor gateUp, Tensor dAct, Tensor dGates) {
        Tensor gates = ctx.input(1);
        int f = dAct.dim(1);
        Parallel.rows(order.slots(), 4 * f, (from, to) -> {
            for (int s = from; s < to; s++) {
                int pick = order.pickOfSlot()[s];
                dGates.array()[dGates.offset() + pick] = ELEMENTWISE.gatedSwiGluBackward(
                        f,
                        gates.array()[gates.offset() + pick],
                        gateUp.array(),
                        gateUp.offset() + s * 2 * f,
                        dAct.array(),
                        dAct.offset() + s * f);
            }
        });
    }

    /** {@code dW_e = sum over the slots of e of dY_s^T x_s}: added to a leaf's gradient, else returned. */
    private Tensor weightGradient(Ctx ctx, int input, PreparedWeight w, Tensor gradient, Tensor x) {
        Tensor dY = Operands.gradientColumns(ctx, w, gradient, order.starts());
        float beta = ctx.leafBeta(input);
        Tensor leaf = ctx.leafGrad(input);
        Tensor dW = leaf != null ? leaf : ctx.empty(ctx.input(input).shape());
        int m = dY.dim(1);
        int n = x.dim(1);
        GEMM.multiplyGroupedTransposed(
                w13.groups(),
                m,
                n,
                order.starts(),
                dY.array(),
                dY.offset(),
                m,
                x.array(),
                x.offset(),
                n,
                beta,
                dW.array(),
                dW.offset());
        return leaf != null ? null : dW;
    }

    /** {@code dX_t = sum of dSlots over the slots of t}, in the order of its experts. */
    private Tensor fromSlots(Ctx ctx, Tensor dSlots) {
        Tensor dX = ctx.empty(ctx.input(0).shape());
        int k = order.perToken();
        int d = dX.dim(1);
        Parallel.rows(dX.dim(0), k * d, (from, to) -> {
            for (int t = from; t < to; t++) {
                int at = dX.offset() + t * d;
                int first = dSlots.offset() + order.slotOfPick()[t * k] * d;
                System.arraycopy(dSlots.array(), first, dX.array(), at, d);
                for (int pick = t * k + 1; pick < (t + 1) * k; pick++) {
                    int slot = dSlots.offset() + order.slotOfPick()[pick] * d;
                    ELEMENTWISE.addTo(d, dSlots.array(), slot, dX.array(), at);
                }
            }
        });
        return dX;
    }

    /** A loop that C2 turns into SIMD code by itself. */
    private static void addScaled(int n, float g, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = Math.fma(g, x[xOffset + i], out[outOffset + i]);
        }
    }
}
