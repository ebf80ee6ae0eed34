package dev.eva.tensor.autograd;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.util.ArrayList;

/**
 * What one application of an {@link Op} remembers between its forward and its backward pass: the inputs, what it saved,
 * and
 * the memory that it took.
 */
public final class Ctx {
    final Op op;
    final Tensor[] inputs;
    final boolean recording;
    Tensor output;
    /** The node of the tape that made input i, or -1 for leaves and constants. */
    int[] producers;

    private final ArrayList<Tensor> taken = new ArrayList<>(2);
    private Tensor[] saved = {};

    Ctx(Op op, Tensor[] inputs, boolean recording) {
        this.op = op;
        this.inputs = inputs;
        this.recording = recording;
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

    /** As {@link #empty(Shape)}, filled with zeros. */
    public Tensor zeros(Shape shape) {
        Tensor t = empty(shape);
        t.fill(0f);
        return t;
    }

    /** Whether a backward pass may follow, so that saving pays. */
    public boolean recording() {
        return recording;
    }

    /** Keeps tensors of the forward pass for the backward pass. Inputs need not be saved: see {@link #input}. */
    public void save(Tensor... tensors) {
        saved = tensors;
    }

    /** The i-th saved tensor. */
    public Tensor saved(int i) {
        return saved[i];
    }

    /** The i-th input. */
    public Tensor input(int i) {
        return inputs[i];
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
        if (recording) {
            for (Tensor t : saved) {
                Workspace.hold(t);
            }
            for (Tensor t : inputs) {
                Workspace.hold(t);
            }
        } else {
            saved = new Tensor[0];
        }
        for (Tensor t : taken) {
            Workspace.releaseUnheld(t);
        }
        taken.clear();
        if (!recording) {
            Workspace.unhold(out);
        }
    }

    /**
     * After the tape has taken hold of the returned gradients: give back scratch and everything that forward had kept.
     */
    void endBackward() {
        for (Tensor t : taken) {
            Workspace.releaseUnheld(t);
        }
        taken.clear();
        for (Tensor t : saved) {
            Workspace.release(t);
        }
        for (int i = 0; i < inputs.length; i++) {
            if (producers[i] >= 0) {
                Workspace.release(inputs[i]);
            } else {
                // Not of this tape: whoever made it may use it until the step ends.
                Workspace.unhold(inputs[i]);
            }
        }
        Workspace.release(output);
        saved = new Tensor[0];
    }
}
