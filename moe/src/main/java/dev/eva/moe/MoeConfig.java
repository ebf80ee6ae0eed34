package dev.eva.moe;

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
        positive("hidden_size", hiddenSize);
        positive("n_routed_experts", nRoutedExperts);
        positive("num_experts_per_tok", numExpertsPerTok);
        positive("moe_intermediate_size", moeIntermediateSize);
        if (nSharedExperts < 0) {
            throw new IllegalArgumentException("n_shared_experts: " + nSharedExperts + "; need 0 or more");
        }
        if (numExpertsPerTok > nRoutedExperts) {
            throw new IllegalArgumentException("num_experts_per_tok: " + numExpertsPerTok
                    + " is more than n_routed_experts " + nRoutedExperts + "; need at most as many");
        }
        int groups = method.groups();
        int kept = method.keptGroups();
        positive("n_group", groups);
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

    private static void positive(String key, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + ": " + value + "; need at least 1");
        }
    }
}
