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
    /** The positions of all new tokens, sequence after sequence. */
    static int[] positions(List<NewTokens> sequences) {
        int[] positions = new int[sequences.stream().mapToInt(NewTokens::count).sum()];
        int at = 0;
        for (NewTokens s : sequences) {
            for (int i = 0; i < s.count; i++) {
                positions[at++] = s.cache.length() + i;
            }
        }
        return positions;
    }
}
