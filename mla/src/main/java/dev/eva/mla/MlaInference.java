package dev.eva.mla;

import dev.eva.tensor.Tensor;
import java.util.List;

/**
 * Latent attention with a cache, for any number of new tokens: the expanded form where its multiplications are fewer (a
 * prompt), the absorbed form where its are (the next token). Both fill the same cache, so they may follow each other.
 */
public final class MlaInference {
    /**
     * New tokens that are always taken in the absorbed form, whatever came before: one at a time or these together, a
     * token gets the same bits, which speculative decoding is checked by.
     */
    private static final int FEW = 8;

    /** Keys and values that are expanded from a cache at most: 256 MiB. */
    private static final double EXPANDED = 1 << 26;

    private final MlaConfig config;
    private final MlaDecode absorbed;
    private final MlaPrefill expanded;

    public MlaInference(MlaWeights weights) {
        this.config = weights.config();
        this.absorbed = new MlaDecode(weights);
        this.expanded = new MlaPrefill(weights);
    }

    /** As {@link MlaDecode#forward(Tensor, LatentCache, int)}. */
    public Tensor forward(Tensor x, LatentCache cache, int start) {
        return x.dim(0) > FEW && expandedIsCheaper(config, x.dim(0), start)
                ? expanded.forward(x, cache, start)
                : absorbed.forward(x, cache, start);
    }

    /** As {@link MlaDecode#forward(Tensor, List)}: for few new tokens of each of several sequences. */
    public Tensor forward(Tensor x, List<NewTokens> sequences) {
        return absorbed.forward(x, sequences);
    }

    /**
     * Compares multiplications a head for M tokens after {@code start}. Expanded: keys and values of all
     * {@code L = start + M} tokens, {@code L R (nope + v)}, and {@code M start + M^2 / 2} pairs at
     * {@code nope + rope + v}. Absorbed: the M new tokens through the same weights, and those pairs at
     * {@code 2 R + rope}. Behind a long cache, keys and values of all its tokens must be worth their memory, too.
     */
    static boolean expandedIsCheaper(MlaConfig c, int m, int start) {
        double l = (double) start + m;
        double width = c.qkNopeHeadDim() + c.vHeadDim();
        if (start > 0 && l * c.numAttentionHeads() * width > EXPANDED) {
            return false;
        }
        double up = c.kvLoraRank() * width;
        double pairs = (double) m * start + (double) m * m / 2;
        double expanded = l * up + pairs * (c.qkHeadDim() + c.vHeadDim());
        double absorbed = m * up + pairs * (2.0 * c.kvLoraRank() + c.qkRopeHeadDim());
        return expanded < absorbed;
    }
}
