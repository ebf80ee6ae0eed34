package dev.eva.moe;

import dev.eva.tensor.IntTensor;

/**
 * Tokens sorted by expert. A <em>slot</em> is one (token, expert) pair; slots of an expert are neighbours, in the order
 * of the tokens. No token is ever dropped: S = T * K slots, whatever the experts' shares.
 *
 * @param starts (E + 1) first slot of each expert
 * @param tokenOfSlot (S) token that a slot holds
 * @param slotOfPick (T * K) slot of a token's j-th expert, at {@code t * K + j}
 */
record SlotOrder(int[] starts, int[] tokenOfSlot, int[] slotOfPick) {
    /** A stable counting sort of the picks. */
    static SlotOrder of(IntTensor expertIds, int[] counts) {
        int[] starts = new int[counts.length + 1];
        for (int e = 0; e < counts.length; e++) {
            starts[e + 1] = starts[e] + counts[e];
        }
        int[] next = starts.clone();
        int[] tokenOfSlot = new int[expertIds.size()];
        int[] slotOfPick = new int[expertIds.size()];
        int k = expertIds.dim(1);
        for (int pick = 0; pick < slotOfPick.length; pick++) {
            int slot = next[expertIds.get(pick)]++;
            slotOfPick[pick] = slot;
            tokenOfSlot[slot] = pick / k;
        }
        return new SlotOrder(starts, tokenOfSlot, slotOfPick);
    }

    /** Experts a token, K, of {@code tokens} tokens. */
    int perToken(int tokens) {
        return slotOfPick.length / tokens;
    }
}
