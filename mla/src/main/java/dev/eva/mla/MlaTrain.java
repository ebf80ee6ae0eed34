package dev.eva.mla;

import static dev.eva.mla.MlaAttention.mlaAttention;
import static dev.eva.tensor.ops.Narrow.narrow;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.PreparedWeight;
import dev.eva.tensor.ops.Linear;

/**
 * Latent attention in its expanded form, for whole sequences: keys and values of every head are made from the latent,
 * then attended to as in any multi-head attention (arXiv:2405.04434, section 2.1). Differentiable.
 *
 * <p>Costs {@code nope + rope + v} multiplications a query, key and head, a third of the absorbed form's, once the keys
 * and values are made.
 */
public final class MlaTrain {
    /** A latent of at most this part of the model dimension costs a percent of a step to expand once more. */
    private static final int SMALL_LATENT = 3;

    private final MlaWeights weights;
    private final Linear up;

    public MlaTrain(MlaWeights weights) {
        this.weights = weights;
        PreparedWeight w = weights.wkvB().prepared();
        boolean small = SMALL_LATENT * w.inFeatures() <= weights.wkvA().inFeatures();
        this.up = new Linear(w, small || w.rounding() != null);
    }

    /**
     * Causal attention inside each of {@code batch} sequences, positions {@code 0 .. length - 1}.
     *
     * @param x (batch * length, D), the normed hidden states, a sequence after the other
     * @return (batch * length, D), to be added to the residual stream
     */
    public Tensor forward(Tensor x, int batch, int length) {
        Expanded e = expand(x);
        Tensor kRope =
                narrow(e.down, weights.config().kvLoraRank(), weights.config().qkRopeHeadDim());
        return weights.wo().forward(mlaAttention(e.q, e.keyValue, kRope, weights, batch, length));
    }

    /**
     * What attention is made of, before positions are rotated in: M rows, a token each.
     *
     * @param q (M, N*(nope+rope)) queries, a head after the other
     * @param down (M, R+rope) the latent before its norm, then the key that all heads share
     * @param latent (M, R) the latent after its norm, as a cache keeps it
     * @param keyValue (M, N*(nope+v)) made from the latent: the key of a head without position, then its value
     */
    public record Expanded(Tensor q, Tensor down, Tensor latent, Tensor keyValue) {}

    /** The first half of {@link #forward}: x (M, D) -> queries, latents, keys and values. */
    public Expanded expand(Tensor x) {
        Tensor q = weights.query().forward(x);
        Tensor down = weights.wkvA().forward(x);
        Tensor latent =
                weights.kvNorm().forward(narrow(down, 0, weights.config().kvLoraRank()));
        Tensor keyValue = Tape.isOpen() ? up.of(latent) : weights.wkvB().forward(latent);
        return new Expanded(q, down, latent, keyValue);
    }
}
