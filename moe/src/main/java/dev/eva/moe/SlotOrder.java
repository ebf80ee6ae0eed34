package dev.eva.moe;

import dev.eva.tensor.IntTensor;

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
record SlotOrder(int[] starts, int[] pickOfSlot, int[] slotOfPick, int perToken) {
    /** A stable counting sort of the picks. */
    static SlotOrder of(IntTensor expertIds, int[] counts) {
        int[] starts = new int[counts.length + 1];
        for (int e = 0; e < counts.length; e++) {
            starts[e + 1] = starts[e] + counts[e];
        }
        int[] next = starts.clone();
        int[] pickOfSlot = new int[expertIds.size()];
        int[] slotOfPick = new int[expertIds.size()];
        for (int pick = 0; pick < slotOfPick.length; pick++) {
            int slot = next[expertIds.get(pick)]++;
            slotOfPick[pick] = slot;
            pickOfSlot[slot] = pick;
        }
        return new SlotOrder(starts, pickOfSlot, slotOfPick, expertIds.dim(1));
    }

    /** Number of slots, S. */
    int slots() {
        return slotOfPick.length;
    }

    /** The token that a slot holds. */
    int token(int slot) {
        return pickOfSlot[slot] / perToken;
    }
}
