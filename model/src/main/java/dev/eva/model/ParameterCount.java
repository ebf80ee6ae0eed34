package dev.eva.model;

/**
 * How large a model is, from its configuration alone.
 *
 * @param total trained values: everything but the routing biases; multi-token prediction layers not counted
 * @param active those that one token passes through: all but the experts it is not sent to; the whole embedding and
 *     head count
 * @param embedding values of the token embedding
 * @param attention values of the attention of one layer, the latent norms included
 * @param cacheRow values that the cache keeps for a token, over all layers
 * @param standardCacheRow values that a standard cache of the same heads would keep for a token, over all layers
 */
public record ParameterCount(
        long total, long active, long embedding, long attention, long cacheRow, long standardCacheRow) {
    /** Counts a model. */
    public static ParameterCount of(DeepSeekConfig config) {
        long total = 0;
        long idle = 0;
        long attention = 0;
        int experts = config.moe().nRoutedExperts();
        int unused = experts - config.moe().numExpertsPerTok();
        for (ParameterShape p : ParameterShape.of(config.withPredictionLayers(0))) {
            if (!p.buffer()) {
                total += p.size();
            }
            if (p.name().contains(".ffn.experts.")) {
                idle += p.size() / experts * unused;
            }
            if (p.name().startsWith("layers.0.attn.")) {
                attention += p.size();
            }
        }
        long layers = config.numHiddenLayers();
        return new ParameterCount(
                total,
                total - idle,
                (long) config.vocabSize() * config.hiddenSize(),
                attention,
                layers * config.mla().cacheRow(),
                layers * config.mla().standardCacheRow());
    }

    /** Share of a standard cache that the latent cache saves, from 0 to 1. */
    public double cacheReduction() {
        return 1 - (double) cacheRow / standardCacheRow;
    }
}
