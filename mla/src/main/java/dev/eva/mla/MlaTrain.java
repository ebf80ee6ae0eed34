package dev.eva.mla;

import static dev.eva.mla.MlaAttention.mlaAttention;
import static dev.eva.tensor.ops.Narrow.narrow;

import dev.eva.tensor.Tensor;

/**
 * Latent attention in its expanded form, for whole sequences: keys and values of every head are made from the latent,
 * then attended to as in any multi-head attention (arXiv:2405.04434, section 2.1). Differentiable.
 *
 * <p>Costs {@code nope + rope + v} multiplications a query, key and head, a third of the absorbed form's, once the keys
 * and values are made.
 */
public final class MlaTrain {
    private final MlaWeights weights;

    public MlaTrain(MlaWeights weights) {
        this.weights = weights;
    }

    /**
     * Causal attention inside each of {@code batch} sequences, positions {@code 0 .. length - 1}.
     *
     * @param x (batch * length, D), the normed hidden states, a sequence after the other
     * @return (batch * length, D), to be added to the residual stream
     */
    public Tensor forward(Tensor x, int batch, int length) {
        int latent = weights.config().kvLoraRank();
        Tensor q = weights.query().forward(x);
        Tensor cK = weights.wkvA().forward(x);
        Tensor c = weights.kvNorm().forward(narrow(cK, 0, latent));
        Tensor kRope = narrow(cK, latent, weights.config().qkRopeHeadDim());
        Tensor kv = weights.wkvB().forward(c);
        return weights.wo().forward(mlaAttention(q, kv, kRope, weights, batch, length));
    }
}
