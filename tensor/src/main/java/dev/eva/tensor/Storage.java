package dev.eva.tensor;

/**
 * The {@code float[]} behind one or more tensors, and who may still need it.
 *
 * <p>A storage of the heap ({@code owner == null}) lives as long as it is reachable. One that a {@link Workspace} lent
 * goes back when its holds drop to zero or the step ends; its {@code generation} then moves on, so that a tensor that
 * still points at it can tell.
 */
final class Storage {
    final float[] array;
    final Workspace owner;
    /** Number of holders that must let go before the array may be reused inside the step. */
    int holds;
    /** Counts how often the array has been handed back. */
    int generation;
    /** Place in the owner's list of lent storages. */
    int lentIndex;

    Storage(float[] array, Workspace owner) {
        this.array = array;
        this.owner = owner;
    }
}
