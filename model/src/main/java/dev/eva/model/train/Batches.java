package dev.eva.model.train;

import dev.eva.model.text.TokenRange;

/**
 * The order in which a text is seen. An epoch is all non-overlapping windows of {@code length} tokens in a random
 * order, from a random
 * first token; so every token comes once an epoch (but for less than two windows at the ends) and no two epochs cut
 * the text alike.
 *
 * <p>Which window comes at which place is a function of the seed and the place alone: nothing to save, nothing to draw.
 */
final class Batches {
    private static final int ROUNDS = 4;

    private final TokenRange text;
    private final int length;
    private final long seed;
    private final long windows;
    private final long phases;
    private final int halfBits;
    private final int[] window;

    Batches(TokenRange text, int length, long seed) {
        long n = text.size();
        if (n < length + 1L) {
            throw new TrainException("data: " + n + " tokens to train on; a block needs at least " + (length + 1L)
                    + " (length " + length + " and one to predict); give more text or a smaller length");
        }
        this.text = text;
        this.length = length;
        this.seed = seed;
        this.windows = Math.max(1, n / length - 1);
        this.phases = Math.min(length, n - windows * length);
        this.halfBits = (64 - Long.numberOfLeadingZeros(Math.max(windows - 1, 1)) + 1) / 2;
        this.window = new int[length + 1];
    }

    /** Windows in an epoch. */
    long windows() {
        return windows;
    }

    /**
     * Fills a micro-batch that begins with the {@code place}-th sequence of the run: ids (B, T), and at each place the
     * id that follows. How many sequences that are, the arrays say.
     */
    void fill(long place, int[] ids, int[] targets) {
        for (int b = 0; b < ids.length / length; b++) {
            text.read(start(place + b), length + 1, window, 0);
            System.arraycopy(window, 0, ids, b * length, length);
            System.arraycopy(window, 1, targets, b * length, length);
        }
    }

    /** First token of the {@code place}-th sequence of the run. */
    long start(long place) {
        long epoch = place / windows;
        long key = mix(seed ^ mix(epoch + 0x9e3779b97f4a7c15L));
        long phase = Long.remainderUnsigned(mix(key), phases);
        return phase + permuted(place % windows, key) * length;
    }

    /**
     * A permutation of the windows without a table: a Feistel network over the next power of four, walked until it
     * lands inside.
     */
    private long permuted(long i, long key) {
        long mask = (1L << halfBits) - 1;
        long x = i;
        do {
            long left = x >>> halfBits;
            long right = x & mask;
            for (int r = 1; r <= ROUNDS; r++) {
                long next = left ^ (mix(right + key * r) & mask);
                left = right;
                right = next;
            }
            x = left << halfBits | right;
        } while (x >= windows);
        return x;
    }

    /** The finaliser of SplitMix64: every bit of the result depends on every bit of the argument. */
    private static long mix(long z) {
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
