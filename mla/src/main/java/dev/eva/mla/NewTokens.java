package dev.eva.mla;

import java.util.List;

/**
 * How many new tokens a sequence has, and the cache they go to. They stand at the positions from {@code cache.length()}
 * on.
 *
 * @param cache of the sequence, in one layer
 * @param count at least one
 */
public record NewTokens(LatentCache cache, int count) {
    /** The positions of all new tokens, sequence after sequence; in {@code to} where it has their length. */
    static int[] positions(List<NewTokens> sequences, int... to) {
        int count = 0;
        for (int s = 0; s < sequences.size(); s++) {
            count += sequences.get(s).count;
        }
        int[] positions = to.length == count ? to : new int[count];
        int at = 0;
        for (int s = 0; s < sequences.size(); s++) {
            NewTokens n = sequences.get(s);
            for (int i = 0; i < n.count; i++) {
                positions[at++] = n.cache.length() + i;
            }
        }
        return positions;
    }
}
