package dev.eva.model.generate;

import dev.eva.tensor.Parallel;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Tokens that may come next, and how likely they are: what {@link Sampling} fills for each token of a text. Its memory
 * stays, two megabytes for 128 thousand tokens, so a token allocates nothing.
 */
final class Candidates {
    /** Logits of a task: some tens of microseconds of exponentials. */
    private static final int PART = 1 << 13;
    /** Tokens that are ranked first; where they do not suffice, {@link #MORE} times as many. */
    private static final int FEW = 64;

    private static final int MORE = 16;
    private static final long LOW = 0x7fffffffL;

    private int[] ids = {};
    private double[] p = {};
    private double[] partSums = {};
    private long[] keys = {};
    private int count;

    /** This token alone. */
    void certain(int id) {
        reserve(1);
        ids[0] = id;
        p[0] = 1;
        count = 1;
    }

    /** Every token, {@code p_i = exp((x_i - max) / temperature)}, in the order of the ids. */
    void all(float[] logits, int from, int vocab, double max, double temperature) {
        normalise(vocab, exponentials(logits, from, vocab, max, temperature));
        for (int i = 0; i < vocab; i++) {
            ids[i] = i;
        }
    }

    /**
     * The likeliest, by falling logit, equal ones by rising id.
     *
     * @param most how many at most, which alone are then looked at
     * @param topP the fewest whose probabilities sum to it
     * @param minP those that have at least this share of the largest probability
     */
    void likeliest(
            float[] logits, int from, int vocab, double max, double temperature, int most, double topP, double minP) {
        double all = most < vocab ? 0 : exponentials(logits, from, vocab, max, temperature);
        reserve(vocab);
        if (keys.length < vocab) {
            keys = new long[vocab];
        }
        for (int i = 0; i < vocab; i++) {
            keys[i] = key(logits[from + i], i);
        }
        for (int ranked = most < vocab ? most : Math.min(FEW, vocab); ; ranked = Math.min(vocab, ranked * MORE)) {
            Ranking.smallestFirst(keys, vocab, ranked);
            double kept = keep(logits, from, max, temperature, ranked, all, topP, minP);
            if (count < ranked || ranked == Math.min(most, vocab)) {
                normalise(count, kept);
                return;
            }
        }
    }

    /** The first of {@code ranked} tokens that the filters leave, at least one; their sum. */
    private double keep(
            float[] logits, int from, double max, double temperature, int ranked, double all, double topP,
            double minP) {
        double sum = 0;
        for (int i = 0; i < ranked; i++) {
            ids[i] = (int) (keys[i] & LOW);
            p[i] = Math.exp((logits[from + ids[i]] - max) / temperature);
            sum += p[i];
        }
        // All of them, whatever rounding makes of their sum.
        double enough = topP == 1 ? Double.POSITIVE_INFINITY : topP * (all == 0 ? sum : all);
        double kept = p[0];
        count = 1;
        while (count < ranked && kept < enough && p[count] >= minP * p[0]) {
            kept += p[count++];
        }
        return kept;
    }

    /** The logit's order-preserving bits, turned over, above, the id below: longs that sort. */
    private static long key(float logit, int id) {
        int bits = Float.floatToIntBits(logit);
        int ordered = bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
        return ((long) ~ordered & 0xffffffffL) << 31 | id;
    }

    /** Exponentials of all tokens into {@link #p}, parts of a fixed size by any thread; their sum, part by part. */
    private double exponentials(float[] logits, int from, int vocab, double max, double temperature) {
        reserve(vocab);
        int parts = (vocab + PART - 1) / PART;
        if (partSums.length < parts) {
            partSums = new double[parts];
        }
        Parallel.run(parts, part -> {
            double sum = 0;
            for (int i = part * PART, end = Math.min(vocab, i + PART); i < end; i++) {
                p[i] = Math.exp((logits[from + i] - max) / temperature);
                sum += p[i];
            }
            partSums[part] = sum;
        });
        double sum = 0;
        for (int part = 0; part < parts; part++) {
            sum += partSums[part];
        }
        return sum;
    }

    private void normalise(int n, double sum) {
        count = n;
        for (int i = 0; i < n; i++) {
            p[i] /= sum;
        }
    }

    private void reserve(int n) {
        if (ids.length < n) {
            ids = new int[n];
            p = new double[n];
        }
    }

    /** Draws a token; a certain one without drawing. */
    int draw(RandomGenerator random) {
        return Distribution.draw(ids, p, count, random);
    }

    /** A copy that lasts. */
    Distribution copy() {
        return new Distribution(Arrays.copyOf(ids, count), Arrays.copyOf(p, count));
    }
}
