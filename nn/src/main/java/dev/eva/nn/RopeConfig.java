package dev.eva.nn;

import java.util.OptionalDouble;

/**
 * Rotary position embedding: frequencies {@code f_k = ropeTheta^(-2k / dim)} and how they are stretched for long
 * contexts.
 *
 * @param ropeTheta base of the frequencies
 * @param scaling how frequencies change with the context
 */
public record RopeConfig(double ropeTheta, Scaling scaling) {
    /** How frequencies are stretched. */
    public sealed interface Scaling {
        /** Not at all. */
        record None() implements Scaling {}

        /**
         * YaRN (arXiv:2309.00071): high frequencies stay, low ones are divided by {@code factor}, between them a ramp.
         *
         * @param factor context extension
         * @param originalMaxPositionEmbeddings context length of pretraining
         * @param betaFast rotations above which a frequency stays
         * @param betaSlow rotations below which it is divided
         * @param mscale attention temperature of cos and sin; absent as in the config
         * @param mscaleAllDim temperature of the softmax scale; absent as in the config
         */
        record Yarn(
                double factor,
                int originalMaxPositionEmbeddings,
                double betaFast,
                double betaSlow,
                OptionalDouble mscale,
                OptionalDouble mscaleAllDim)
                implements Scaling {
            public Yarn {
                if (!(factor >= 1)) {
                    throw new IllegalArgumentException("rope_scaling.factor: " + factor + "; need at least 1");
                }
                if (originalMaxPositionEmbeddings < 1) {
                    throw new IllegalArgumentException("rope_scaling.original_max_position_embeddings: "
                            + originalMaxPositionEmbeddings + "; need at least 1");
                }
                if (!(betaSlow > 0) || !(betaFast >= betaSlow)) {
                    throw new IllegalArgumentException("rope_scaling: beta_fast " + betaFast + ", beta_slow " + betaSlow
                            + "; need beta_fast >= beta_slow > 0");
                }
            }
        }
    }

    public RopeConfig {
        if (!(ropeTheta > 1)) {
            throw new IllegalArgumentException("rope_theta: " + ropeTheta + "; need more than 1");
        }
    }

    /** Plain frequencies. */
    public static RopeConfig plain(double ropeTheta) {
        return new RopeConfig(ropeTheta, new Scaling.None());
    }
}
