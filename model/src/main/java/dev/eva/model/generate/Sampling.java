package dev.eva.model.generate;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * How the next token is drawn from its logits. The filters act in this order, each on what the one before left:
 * temperature, top-k, top-p, min-p.
 *
 * @param temperature logits are divided by it; 0 takes the largest logit (the lowest id among equals)
 * @param topK keep the K most probable tokens; 0 keeps all
 * @param topP keep the fewest most probable tokens whose probabilities sum to this (arXiv:1904.09751); 1 keeps all
 * @param minP keep tokens with at least this fraction of the largest probability (arXiv:2407.01082); 0 keeps all
 */
public record Sampling(double temperature, int topK, double topP, double minP) {
    /** The most probable token, always. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature: " + temperature + "; need 0 (greedy) or more");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("top-k: " + topK + "; need 0 (all) or more");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("top-p: " + topP + "; need more than 0 and at most 1");
        }
        if (!(minP >= 0 && minP <= 1)) {
            throw new IllegalArgumentException("min-p: " + minP + "; need 0 to 1");
        }
    }

    /** Draws a token id from {@code logits[from .. from + vocab)}. */
    public int sample(float[] logits, int from, int vocab, RandomGenerator random) {
        if (temperature == 0) {
            return largest(logits, from, vocab);
        }
        long[] ranked = rank(logits, from, vocab);
        double[] p = probabilities(logits, from, ranked);
        int kept = keep(p);
        double total = 0;
        for (int i = 0; i < kept; i++) {
            total += p[i];
        }
        double u = random.nextDouble() * total;
        for (int i = 0; i < kept; i++) {
            u -= p[i];
            if (u < 0) {
                return id(ranked[i]);
            }
        }
        return id(ranked[kept - 1]);
    }

    private static int largest(float[] logits, int from, int vocab) {
        int best = 0;
        for (int i = 1; i < vocab; i++) {
            if (logits[from + i] > logits[from + best]) {
                best = i;
            }
        }
        return best;
    }

    /**
     * Ids by falling logit, equal ones by rising id: the logit's order-preserving bits above, the id below, so that
     * longs sort.
     */
    private static long[] rank(float[] logits, int from, int vocab) {
        long[] keys = new long[vocab];
        for (int i = 0; i < vocab; i++) {
            int bits = Float.floatToIntBits(logits[from + i]);
            int ordered = bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
            keys[i] = ((long) ~ordered & 0xffffffffL) << 31 | i;
        }
        Arrays.sort(keys);
        return keys;
    }

    private static int id(long key) {
        return (int) (key & 0x7fffffffL);
    }

    /** Softmax of the first topK logits at this temperature, in rank order. */
    private double[] probabilities(float[] logits, int from, long[] ranked) {
        int n = topK == 0 ? ranked.length : Math.min(topK, ranked.length);
        double[] p = new double[n];
        double max = logits[from + id(ranked[0])];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            p[i] = Math.exp((logits[from + id(ranked[i])] - max) / temperature);
            sum += p[i];
        }
        for (int i = 0; i < n; i++) {
            p[i] /= sum;
        }
        return p;
    }

    /** How many of the ranked probabilities top-p and min-p leave; at least one. */
    private int keep(double[] p) {
        int kept = 1;
        double sum = p[0];
        while (kept < p.length && sum < topP && p[kept] >= minP * p[0]) {
            sum += p[kept++];
        }
        return kept;
    }
}
