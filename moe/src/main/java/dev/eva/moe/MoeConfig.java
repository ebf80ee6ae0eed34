package dev.eva.moe;

import dev.eva.nn.ModelSize;

/**
 * Sizes and routing of a mixture-of-experts layer, by the names of Hugging Face's config.
 *
 * @param hiddenSize model dimension D
 * @param nRoutedExperts routed experts E
 * @param nSharedExperts shared experts: one feed-forward network of {@code nSharedExperts * moeIntermediateSize}; may
 *     be 0
 * @param numExpertsPerTok experts a token is sent to, K
 * @param moeIntermediateSize hidden width F of an expert
 * @param method how experts are chosen
 * @param normTopkProb whether the K weights of a token are divided by their sum (sigmoid scores only, as in
 *     transformers)
 * @param routedScalingFactor factor of the weights, applied last
 */
public record MoeConfig(
        int hiddenSize,
        int nRoutedExperts,
        int nSharedExperts,
        int numExpertsPerTok,
        int moeIntermediateSize,
        RoutingMethod method,
        boolean normTopkProb,
        double routedScalingFactor) {
    public MoeConfig {
        ModelSize.HIDDEN.check("hidden_size", hiddenSize);
        ModelSize.EXPERTS.check("n_routed_experts", nRoutedExperts);
        ModelSize.EXPERTS.check("num_experts_per_tok", numExpertsPerTok);
        ModelSize.WIDTH.check("moe_intermediate_size", moeIntermediateSize);
        ModelSize.EXPERTS.check("n_shared_experts", nSharedExperts, 0);
        ModelSize.ROWS.check(
                "n_shared_experts times moe_intermediate_size", (long) nSharedExperts * moeIntermediateSize, 0);
        if (numExpertsPerTok > nRoutedExperts) {
            throw new IllegalArgumentException("num_experts_per_tok: " + numExpertsPerTok
                    + " is more than n_routed_experts " + nRoutedExperts + "; need at most as many");
        }
        int groups = method.groups();
        int kept = method.keptGroups();
        ModelSize.EXPERTS.check("n_group", groups);
        if (kept < 1 || kept > groups) {
            throw new IllegalArgumentException("topk_group: " + kept + "; need 1 to n_group " + groups);
        }
        if (nRoutedExperts % groups != 0) {
            throw new IllegalArgumentException(
                    "n_routed_experts: " + nRoutedExperts + " is not divisible by n_group " + groups);
        }
        int perGroup = nRoutedExperts / groups;
        if (method instanceof RoutingMethod.NoauxTc && groups > 1 && perGroup < 2) {
            throw new IllegalArgumentException("n_group: " + groups + " leaves " + perGroup
                    + " expert a group; noaux_tc scores a group by its two best, need n_routed_experts "
                    + nRoutedExperts + " / n_group >= 2");
        }
        if (numExpertsPerTok > kept * perGroup) {
            throw new IllegalArgumentException("num_experts_per_tok: " + numExpertsPerTok + " is more than the "
                    + kept * perGroup + " experts of topk_group " + kept + " groups; need at most as many");
        }
        if (!Double.isFinite(routedScalingFactor)) {
            throw new IllegalArgumentException(
                    "routed_scaling_factor: " + routedScalingFactor + "; need a finite number");
        }
    }

    /** Width of the shared feed-forward network, 0 if there is none. */
    public int sharedIntermediateSize() {
        return nSharedExperts * moeIntermediateSize;
    }
}
