package dev.eva.moe;

import dev.eva.tensor.IntTensor;
import java.util.function.IntUnaryOperator;

/**
 * Tokens sorted by expert. A <em>slot</em> is one (token, expert) pair; slots of an expert are neighbours, in the order
 * of the tokens. No token is ever dropped: S = T * K slots, whatever the experts' shares. A <em>pick</em> is the same
 * pair by token: {@code t * K + j} for a token's j-th expert.
 *
 * @param starts (E + 1) first slot of each expert
 * @param pickOfSlot (S)
 * @param slotOfPick (S)
 * @param perToken K
 */
record SlotOrder(int[] starts, int[] pickOfSlot, int[] slotOfPick, int perToken) implements IntUnaryOperator {
    static SlotOrder of(IntTensor expertIds, int[] counts) {
        return of(expertIds, counts, null);
    }

    /**
     * A stable counting sort of the picks.
     *
     * @param reuse an order that nobody needs any more, to be overwritten where the sizes are the same; or null
     */
    static SlotOrder of(IntTensor expertIds, int[] counts, SlotOrder reuse) {
        int size = expertIds.size();
        int perToken = expertIds.dim(1);
        boolean fits = reuse != null
                && reuse.slots() == size
                && reuse.starts.length == counts.length + 1
                && reuse.perToken == perToken;
        SlotOrder order =
                fits ? reuse : new SlotOrder(new int[counts.length + 1], new int[size], new int[size], perToken);
        order.sort(expertIds, counts);
        return order;
    }

    private void sort(IntTensor expertIds, int[] counts) {
        // An expert's start is where its next slot goes until all are given, and then where the following one starts.
        starts[0] = 0;
        for (int e = 0; e < counts.length; e++) {
            starts[e + 1] = e == 0 ? 0 : starts[e] + counts[e - 1];
        }
        for (int pick = 0; pick < slotOfPick.length; pick++) {
            int slot = starts[expertIds.get(pick) + 1]++;
            slotOfPick[pick] = slot;
            pickOfSlot[slot] = pick;
        }
    }

    /** Number of slots, S. */
    int slots() {
        return slotOfPick.length;
    }

    /** {@link #token}. */
    @Override
    public int applyAsInt(int slot) {
        return token(slot);
    }

    /** The token that a slot holds. */
    int token(int slot) {
        return pickOfSlot[slot] / perToken;
    }
}
