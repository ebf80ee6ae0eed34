package dev.eva.tensor;

import java.util.ArrayList;

/**
 * The {@code float[]} behind one or more tensors, and who may still need it.
 *
 * <p>A storage of the heap ({@code owner == null}) lives as long as it is reachable. One that a {@link Workspace} lent
 * goes back when its holds drop to zero or the step ends; its {@code generation} then moves on, so that a tensor that
 * still points at it can tell.
 */
final class Storage {
    private static final int MOST_TENSORS = 64;

    final float[] array;
    final Workspace owner;
    /** Number of holders that must let go before the array may be reused inside the step. */
    int holds;
    /** Counts how often the array has been handed back. */
    int generation;
    /** Tensors over parts of the array, handed out again; null unless the {@linkplain Workspace#reusing owner} does. */
    private final ArrayList<Tensor> tensors;
    /** Floats from the start on that are gradients; each of them is a hold. */
    int parted;
    /** Place in the owner's list of lent storages. */
    int lentIndex;

    Storage(float[] array, Workspace owner) {
        this.array = array;
        this.owner = owner;
        this.tensors = owner != null && owner.reusesTensors() ? new ArrayList<>(2) : null;
    }

    /** A tensor over a part of the array, as it is now. */
    Tensor tensor(int offset, Shape shape) {
        // A task on another thread may cut a part, too.
        if (tensors == null || !owner.isOfThisThread()) {
            return new Tensor(this, offset, shape);
        }
        for (int i = 0; i < tensors.size(); i++) {
            if (tensors.get(i).renew(offset, shape)) {
                return tensors.get(i);
            }
        }
        if (tensors.size() == MOST_TENSORS) {
            tensors.removeFirst();
        }
        Tensor t = new Tensor(this, offset, shape);
        tensors.add(t);
        return t;
    }
}
