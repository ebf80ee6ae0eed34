package dev.eva.moe;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;

/**
 * Where the tokens of a batch go, and what the router thought of it.
 *
 * <p>Letters: T tokens, E experts, K experts a token.
 *
 * @param weights (T, K) weights of the chosen experts, in the order of {@code expertIds}
 * @param expertIds (T, K) chosen experts, ascending in each row
 * @param scores (T, E) sigmoid or softmax of the logits, without the bias
 * @param logits (T, E)
 * @param counts (E) tokens sent to each expert
 */
public record Routing(Tensor weights, IntTensor expertIds, Tensor scores, Tensor logits, int[] counts) {
    /** Number of experts, E. */
    public int experts() {
        return counts.length;
    }

    /** Experts a token, K. */
    public int expertsPerToken() {
        return expertIds.dim(1);
    }
}
