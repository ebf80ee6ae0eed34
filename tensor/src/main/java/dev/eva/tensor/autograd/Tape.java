package dev.eva.tensor.autograd;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.RowPacking;
import java.util.ArrayList;
import java.util.IdentityHashMap;

/**
 * The record of one forward pass, from which gradients are computed backward.
 *
 * <pre>{@code
 * try (Workspace.Scope step = workspace.open(); Tape tape = Tape.open()) {
 *     Tensor loss = ...;
 *     tape.backward(loss);        // parameters now have their gradients
 * }
 * }</pre>
 *
 * <p>Without an open tape ops only compute. A tape belongs to its thread and serves one backward pass.
 */
public final class Tape implements AutoCloseable {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
    private static final ThreadLocal<Tape> CURRENT = new ThreadLocal<>();

    /** What is kept between the passes. */
    public enum Keeping {
        /** Whatever backward reads. */
        ALL,
        /** The least: outputs of ops that {@linkplain Op#remakes can make them again} are made again. */
        LEAST
    }

    /** A part of the forward pass, at whose end memory goes back that nothing later reads. */
    public static final class Segment {
        private static final Segment UNRECORDED = new Segment(null);

        private final Tape tape;
        private final int first;

        private Segment(Tape tape) {
            this.tape = tape;
            this.first = tape == null ? 0 : tape.nodes.size();
        }

        /**
         * Ends every output of the part that no backward pass reads, but for {@code result}, which is returned. Outputs
         * that ops keep for themselves live on, too.
         */
        public Tensor end(Tensor result) {
            if (tape != null) {
                Workspace.hold(result);
                for (Ctx ctx : tape.nodes.subList(first, tape.nodes.size())) {
                    Workspace.releaseUnheld(ctx.output);
                }
                Workspace.unhold(result);
            }
            return result;
        }
    }

    private final Keeping keeping;
    private final Tape outer;
    private final ArrayList<Ctx> nodes = new ArrayList<>();
    private final IdentityHashMap<Tensor, Integer> producers = new IdentityHashMap<>();
    private final IdentityHashMap<Tensor, PackedRows> packed = new IdentityHashMap<>();

    private Tape(Keeping keeping, Tape outer) {
        this.keeping = keeping;
        this.outer = outer;
    }

    /** Starts recording on this thread, keeping all. */
    public static Tape open() {
        return open(Keeping.ALL);
    }

    /** Starts recording on this thread. */
    public static Tape open(Keeping keeping) {
        Tape tape = new Tape(keeping, CURRENT.get());
        CURRENT.set(tape);
        return tape;
    }

    /** Whether this thread records: then what ops compute may be asked for its gradient. */
    public static boolean isOpen() {
        return CURRENT.get() != null;
    }

    @Override
    public void close() {
        CURRENT.set(outer);
    }

    /** Begins a part of the forward pass of the open tape; without one, nothing happens at its end. */
    public static Segment segment() {
        Tape tape = CURRENT.get();
        return tape == null ? Segment.UNRECORDED : new Segment(tape);
    }

    boolean remakes(Tensor x) {
        Integer producer = keeping == Keeping.LEAST ? producers.get(x) : null;
        return producer != null && nodes.get(producer).op.remakes(nodes.get(producer));
    }

    Ctx node(int i) {
        return nodes.get(i);
    }

    /** The one packed form of a tensor. */
    PackedRows pack(Tensor x, RowPacking packing) {
        PackedRows known = packed.get(x);
        if (known == null || !known.packing().equals(packing)) {
            known = new PackedRows(packing, x);
            packed.put(x, known);
        }
        return known;
    }

    /** As {@link #apply(Op, Tensor...)}. */
    public static Tensor apply(Op op, Tensor a) {
        return records(a) ? record(op, a) : Unrecorded.apply(op, a);
    }

    /** As {@link #apply(Op, Tensor...)}. */
    public static Tensor apply(Op op, Tensor a, Tensor b) {
        return records(a) || records(b) ? record(op, a, b) : Unrecorded.apply(op, a, b);
    }

    /** As {@link #apply(Op, Tensor...)}. */
    public static Tensor apply(Op op, Tensor a, Tensor b, Tensor c, Tensor d) {
        return records(a) || records(b) || records(c) || records(d)
                ? record(op, a, b, c, d)
                : Unrecorded.apply(op, a, b, c, d);
    }

    /** Computes an op and, if a tape is open and some input wants a gradient, records it. */
    public static Tensor apply(Op op, Tensor... in) {
        for (Tensor t : in) {
            if (records(t)) {
                return record(op, in);
            }
        }
        return Unrecorded.apply(op, in);
    }

    private static boolean records(Tensor input) {
        return input.requiresGrad() && CURRENT.get() != null;
    }

    private static Tensor record(Op op, Tensor... in) {
        Tape tape = CURRENT.get();
        Ctx ctx = new Ctx(op, in, tape);
        Tensor out = op.forward(ctx, in);
        ctx.endForward(out);
        tape.record(ctx, out);
        return out;
    }

    private void record(Ctx ctx, Tensor out) {
        ctx.producers = new int[ctx.inputs.length];
        for (int i = 0; i < ctx.inputs.length; i++) {
            ctx.producers[i] = producers.getOrDefault(ctx.inputs[i], -1);
        }
        out.requiresGrad(true);
        producers.put(out, nodes.size());
        nodes.add(ctx);
    }

    /** {@link #backward(Tensor, float)} with 1. */
    public void backward(Tensor loss) {
        backward(loss, 1f);
    }

    /**
     * Adds {@code scale * d loss / d p} to the gradient of every leaf {@code p} that wants one. Gradients of what lies
     * between live in the workspace and end here, as do the activations; the loss itself can be read until the step
     * ends.
     *
     * @param loss a tensor of one element that this tape recorded
     * @param scale the gradient of the loss itself, for example 1 / (number of micro-batches)
     */
    public void backward(Tensor loss, float scale) {
        Integer last = producers.get(loss);
        if (last == null) {
            throw new IllegalArgumentException("backward: the loss was not recorded on this tape;"
                    + " does any parameter require a gradient, and was backward called once only?");
        }
        if (loss.size() != 1) {
            throw new IllegalArgumentException("backward: loss has shape " + loss.shape() + "; need one element");
        }
        Tensor[] grads = new Tensor[nodes.size()];
        Tensor seed = Workspace.empty(loss.shape());
        seed.fill(scale);
        Workspace.hold(seed);
        grads[last] = seed;
        Workspace.hold(loss);
        for (int n = nodes.size() - 1; n >= 0; n--) {
            Ctx ctx = nodes.get(n);
            if (grads[n] != null) {
                backward(ctx, grads[n], grads);
                grads[n] = null;
            } else {
                ctx.endBackward();
            }
        }
        Workspace.unhold(loss);
        nodes.clear();
        producers.clear();
        packed.clear();
    }

    private void backward(Ctx ctx, Tensor dOut, Tensor[] grads) {
        Tensor[] dIn = ctx.op.backward(ctx, dOut);
        for (int i = 0; i < dIn.length; i++) {
            if (dIn[i] == null || !ctx.needsGrad(i)) {
                continue;
            }
            checkShape(ctx, i, dIn[i]);
            if (ctx.producers[i] < 0) {
                add(dIn[i], ctx.inputs[i].gradOrZeros());
            } else {
                accumulate(grads, ctx.producers[i], dIn[i]);
            }
        }
        // Only now may dOut go: a returned gradient may be dOut itself.
        ctx.endBackward();
        Workspace.release(dOut);
    }

    private static void accumulate(Tensor[] grads, int slot, Tensor d) {
        Tensor old = grads[slot];
        if (old == null) {
            Workspace.hold(d);
            grads[slot] = d;
        } else if (Workspace.isSoleHolder(old)) {
            add(d, old);
        } else {
            Tensor sum = Workspace.empty(old.shape());
            Workspace.hold(sum);
            sum.set(old);
            add(d, sum);
            Workspace.release(old);
            grads[slot] = sum;
        }
    }

    private static void checkShape(Ctx ctx, int i, Tensor d) {
        if (!d.shape().equals(ctx.inputs[i].shape())) {
            throw new IllegalStateException(ctx.op.getClass().getSimpleName() + ".backward: gradient " + i
                    + " has shape " + d.shape() + ", its input " + ctx.inputs[i].shape());
        }
    }

    /** {@code into += d}. */
    private static void add(Tensor d, Tensor into) {
        Parallel.elements(
                d.size(),
                (from, to) ->
                        ELEMENTWISE.addTo(to - from, d.array(), d.offset() + from, into.array(), into.offset() + from));
    }
}
