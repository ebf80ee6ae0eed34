package dev.eva.moe;

import dev.eva.tensor.Tensor;

/**
 * Load balance without an auxiliary loss: after each optimizer step {@code b_e += gamma * sign(mean(c) - c_e)}, with
 * {@code c_e} the tokens that the whole global batch sent to expert e. Overloaded experts become less likely to be
 * chosen, underloaded ones more.
 *
 * <p>Source: arXiv:2408.15664; DeepSeek-V3, arXiv:2412.19437, section 2.1.2 (gamma 0.001).
 */
public final class RoutingBias {
    private RoutingBias() {}

    /**
     * Moves the bias once.
     *
     * @param bias (E)
     * @param counts (E) tokens of the global batch, summed over its micro-batches
     */
    public static void update(Tensor bias, long[] counts, float gamma) {
        if (bias.size() != counts.length) {
            throw new IllegalArgumentException("routing bias: " + bias.shape() + " for counts of " + counts.length
                    + " experts; need the same number");
        }
        long total = 0;
        for (long c : counts) {
            total += c;
        }
        float[] b = bias.array();
        for (int e = 0; e < counts.length; e++) {
            // sign(total / E - c_e), exactly: the mean need not be whole
            b[bias.offset() + e] += gamma * Long.signum(total - counts[e] * counts.length);
        }
        bias.markWritten();
    }
}
