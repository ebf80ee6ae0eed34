package dev.eva.model.generate;

import java.util.BitSet;

/**
 * How the next token is drawn from its logits. The filters act in this order, each on what the one before left:
 * repetition penalty, temperature, top-k, top-p, min-p.
 *
 * @param temperature logits are divided by it; 0 takes the largest logit (the lowest id among equals)
 * @param topK keep the K most probable tokens; 0 keeps all
 * @param topP keep the fewest most probable tokens whose probabilities sum to this (arXiv:1904.09751); 1 keeps all
 * @param minP keep tokens with at least this fraction of the largest probability (arXiv:2407.01082); 0 keeps all
 * @param repetitionPenalty positive logits of tokens that the text has already are divided by it, negative ones
 *     multiplied (arXiv:1909.05858); 1 changes nothing
 */
public record Sampling(double temperature, int topK, double topP, double minP, double repetitionPenalty) {
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
        if (!(repetitionPenalty > 0) || Double.isInfinite(repetitionPenalty)) {
            throw new IllegalArgumentException(
                    "repetition-penalty: " + repetitionPenalty + "; need more than 0, 1 changes nothing");
        }
    }

    /** Without a repetition penalty. */
    public Sampling(double temperature, int topK, double topP, double minP) {
        this(temperature, topK, topP, minP, 1);
    }

    /**
     * What the next token may be.
     *
     * @param logits V values from index {@code from} on; those of tokens seen are changed by the penalty
     * @param seen ids that the text has
     * @param into overwritten
     */
    void candidates(float[] logits, int from, int vocab, BitSet seen, Candidates into) {
        penalise(logits, from, vocab, seen);
        int best = largest(logits, from, vocab);
        if (temperature == 0) {
            into.certain(best);
        } else if (topK == 0 && topP == 1 && minP == 0) {
            into.all(logits, from, vocab, logits[from + best], temperature);
        } else {
            int most = topK == 0 ? vocab : Math.min(topK, vocab);
            into.likeliest(logits, from, vocab, logits[from + best], temperature, most, topP, minP);
        }
    }

    /** The same, as a distribution of its own. */
    Distribution distribution(float[] logits, int from, int vocab, BitSet seen) {
        Candidates candidates = new Candidates();
        candidates(logits, from, vocab, seen, candidates);
        return candidates.copy();
    }

    private void penalise(float[] logits, int from, int vocab, BitSet seen) {
        if (repetitionPenalty == 1) {
            return;
        }
        float penalty = (float) repetitionPenalty;
        for (int id = seen.nextSetBit(0); id >= 0 && id < vocab; id = seen.nextSetBit(id + 1)) {
            float logit = logits[from + id];
            logits[from + id] = logit > 0 ? logit / penalty : logit * penalty;
        }
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
}
