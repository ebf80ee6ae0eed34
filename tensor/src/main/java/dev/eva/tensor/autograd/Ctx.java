package dev.eva.tensor.autograd;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.RowPacking;
import java.util.ArrayList;
import java.util.Arrays;

/**
 * What one application of an {@link Op} remembers between its forward and its backward pass: the inputs, what it saved,
 * and
 * the memory that it took.
 */
public final class Ctx {
    // A decoded token is a hundred ops that nobody runs backward: what those need not is not allocated for them.
    private static final Tensor[] NO_TENSORS = {};
    private static final boolean[] NO_FLAGS = {};

    Op op;
    final Tensor[] inputs;
    /** Null if no backward pass follows. */
    private final Tape tape;

    Tensor output;
    /** The node of the tape that made input i, or -1 for leaves and constants. */
    int[] producers;

    private final ArrayList<Tensor> taken = new ArrayList<>(2);
    /** Null while there is none. */
    private ArrayList<PackedRows> packed;

    private Tensor[] saved = NO_TENSORS;
    /** Whether the values of input i are not kept for backward; empty if none follows. */
    private final boolean[] dropped;
    /** Whether input i is made again when backward reads it; empty if none follows. */
    private final boolean[] remade;

    private boolean outputDropped;
    /** Whether the output is one that was made again, which is held until backward is over. */
    private boolean outputRemade;

    /** For an op that no tape records. */
    Ctx(int inputs) {
        this(null, new Tensor[inputs], null);
    }

    Ctx(Op op, Tensor[] inputs, Tape tape) {
        this.op = op;
        this.inputs = inputs;
        this.tape = tape;
        this.dropped = tape == null ? NO_FLAGS : new boolean[inputs.length];
        this.remade = tape == null ? NO_FLAGS : new boolean[inputs.length];
    }

    /**
     * A tensor with unspecified values for the output, for something to save, or for scratch that ends with this call.
     */
    public Tensor empty(Shape shape) {
        Tensor t = Workspace.empty(shape);
        taken.add(t);
        return t;
    }

    /** As {@link #empty(Shape)}. */
    public Tensor empty(int... dims) {
        return empty(Shape.of(dims));
    }

    /** As {@link #empty(Shape)}, (rows, columns). */
    public Tensor empty(int rows, int columns) {
        return empty(Shape.of(rows, columns));
    }

    /** As {@link #empty(Shape)}, filled with zeros. */
    public Tensor zeros(Shape shape) {
        Tensor t = empty(shape);
        t.fill(0f);
        return t;
    }

    /** Whether a backward pass may follow, so that saving pays. */
    public boolean recording() {
        return tape != null;
    }

    /** Says that backward reads the shapes of these inputs at most: they need not be kept for it. */
    public void dropInputs(int... which) {
        for (int i = 0; recording() && i < which.length; i++) {
            dropped[which[i]] = true;
        }
    }

    /** As {@link #dropInputs(int...)}, of one. */
    public void dropInputs(int i) {
        if (recording()) {
            dropped[i] = true;
        }
    }

    /** As {@link #dropInputs(int...)}, of two. */
    public void dropInputs(int i, int j) {
        dropInputs(i);
        dropInputs(j);
    }

    /** Says that backward does not read the output. */
    public void dropOutput() {
        outputDropped = true;
    }

    /** Whether the tape does not keep input i but makes it again when backward reads it. */
    public boolean isRemade(int i) {
        return tape != null && (remade[i] || tape.remakes(inputs[i]));
    }

    /**
     * Keeps a tensor in few bits for the backward pass, once for all ops of the tape that keep it so; only while
     * {@link #recording}.
     */
    public PackedRows pack(Tensor x, RowPacking packing) {
        PackedRows p = tape.pack(x, packing);
        p.hold();
        packed = packed == null ? new ArrayList<>(2) : packed;
        packed.add(p);
        return p;
    }

    /** What the i-th call of {@link #pack} has kept. */
    public PackedRows packed(int i) {
        return packed.get(i);
    }

    /** Keeps tensors of the forward pass for the backward pass. Inputs need not be saved: see {@link #input}. */
    public void save(Tensor... tensors) {
        saved = tensors;
    }

    /** As {@link #save(Tensor...)}. */
    public void save(Tensor tensor) {
        if (recording()) {
            saved = new Tensor[] {tensor};
        }
    }

    /** The i-th saved tensor. */
    public Tensor saved(int i) {
        return saved[i];
    }

    /** Number of saved tensors. */
    public int savedCount() {
        return saved.length;
    }

    /** The i-th input; one that was {@linkplain #dropInputs dropped} has its shape alone. */
    public Tensor input(int i) {
        if (recording() && remade[i] && !Workspace.isLive(inputs[i])) {
            inputs[i] = tape.node(producers[i]).remadeOutput();
        }
        return inputs[i];
    }

    /** The output, made again for the first who asks, for all who read it: it ends with this op's backward pass. */
    private Tensor remadeOutput() {
        if (!outputRemade) {
            output = op.remake(this).requiresGrad(true);
            outputRemade = true;
            Workspace.hold(output);
            releaseTaken();
        }
        return output;
    }

    /** Number of inputs. */
    public int inputCount() {
        return inputs.length;
    }

    /** The output of the forward pass. */
    public Tensor output() {
        return output;
    }

    /** Whether the gradient of input i is wanted. */
    public boolean needsGrad(int i) {
        return inputs[i].requiresGrad();
    }

    /**
     * The gradient tensor of input i if that is a leaf (a parameter), to add to in place of returning a gradient; null
     * if it is not
     * a leaf or wants none.
     */
    public Tensor leafGrad(int i) {
        return inputs[i].requiresGrad() && producers[i] < 0 ? inputs[i].gradOrZeros() : null;
    }

    /**
     * The factor of the old values for an op that adds to all of {@link #leafGrad}: 0 where they are to be overwritten,
     * also where input i is no leaf and the op returns a gradient. To be called before {@link #leafGrad}.
     */
    public float leafBeta(int i) {
        return inputs[i].requiresGrad() && producers[i] < 0 ? inputs[i].gradBeta() : 0f;
    }

    /** After forward: hold what backward needs, give back the rest. */
    void endForward(Tensor out) {
        output = out;
        // Also without recording: the output may be a view of something that was taken.
        Workspace.hold(out);
        if (recording()) {
            for (Tensor t : saved) {
                Workspace.hold(t);
            }
            for (int i = 0; i < inputs.length; i++) {
                remade[i] = !dropped[i] && isRemade(i);
                if (isHeld(i)) {
                    Workspace.hold(inputs[i]);
                }
            }
        } else {
            saved = NO_TENSORS;
        }
        releaseTaken();
        if (!recording() || outputDropped) {
            Workspace.unhold(out);
        }
    }

    private void releaseTaken() {
        for (int i = 0; i < taken.size(); i++) {
            Workspace.releaseUnheld(taken.get(i));
        }
        taken.clear();
    }

    /** Forgets an op that no tape records; the next one takes its place. */
    void forget() {
        op = null;
        output = null;
        outputDropped = false;
        saved = NO_TENSORS;
        taken.clear();
        Arrays.fill(inputs, null);
    }

    private boolean isHeld(int i) {
        return !dropped[i] && !remade[i];
    }

    /**
     * After the tape has taken hold of the returned gradients: give back scratch and everything that forward had kept.
     */
    void endBackward() {
        releaseTaken();
        for (Tensor t : saved) {
            Workspace.release(t);
        }
        if (packed != null) {
            packed.forEach(PackedRows::release);
            packed = null;
        }
        for (int i = 0; i < inputs.length; i++) {
            if (!isHeld(i)) {
                continue;
            }
            if (producers[i] >= 0) {
                Workspace.release(inputs[i]);
            } else {
                // Not of this tape: whoever made it may use it until the step ends.
                Workspace.unhold(inputs[i]);
            }
        }
        if (!outputDropped || outputRemade) {
            Workspace.release(output);
        }
        saved = NO_TENSORS;
    }
}
