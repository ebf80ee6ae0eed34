package dev.eva.tensor.autograd;

import dev.eva.tensor.Tensor;
import java.util.ArrayList;

/** Ops that no tape records. What they need is kept for the next ones: a decoded token is a hundred of them. */
final class Unrecorded {
    private static final ThreadLocal<Unrecorded> OWN = ThreadLocal.withInitial(Unrecorded::new);

    /** Free ones by their number of inputs: an op may apply another one. */
    private final ArrayList<ArrayList<Ctx>> free = new ArrayList<>();

    private Unrecorded() {}

    static Tensor apply(Op op, Tensor a) {
        Unrecorded own = OWN.get();
        Ctx ctx = own.take(1);
        ctx.inputs[0] = a;
        return own.forward(op, ctx);
    }

    static Tensor apply(Op op, Tensor a, Tensor b) {
        Unrecorded own = OWN.get();
        Ctx ctx = own.take(2);
        ctx.inputs[0] = a;
        ctx.inputs[1] = b;
        return own.forward(op, ctx);
    }

    static Tensor apply(Op op, Tensor a, Tensor b, Tensor c, Tensor d) {
        Unrecorded own = OWN.get();
        Ctx ctx = own.take(4);
        ctx.inputs[0] = a;
        ctx.inputs[1] = b;
        ctx.inputs[2] = c;
        ctx.inputs[3] = d;
        return own.forward(op, ctx);
    }

    static Tensor apply(Op op, Tensor... in) {
        Unrecorded own = OWN.get();
        Ctx ctx = own.take(in.length);
        System.arraycopy(in, 0, ctx.inputs, 0, in.length);
        return own.forward(op, ctx);
    }

    private Tensor forward(Op op, Ctx ctx) {
        try {
            ctx.op = op;
            Tensor out = op.forward(ctx, ctx.inputs);
            ctx.endForward(out);
            return out;
        } finally {
            ctx.forget();
            free.get(ctx.inputs.length).add(ctx);
        }
    }

    private Ctx take(int inputs) {
        while (free.size() <= inputs) {
            free.add(new ArrayList<>());
        }
        ArrayList<Ctx> some = free.get(inputs);
        return some.isEmpty() ? new Ctx(inputs) : some.removeLast();
    }
}
