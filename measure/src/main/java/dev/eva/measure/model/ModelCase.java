package dev.eva.measure.model;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterCount;
import dev.eva.model.Presets;

/**
 * A whole model at work, which a {@link ModelProcess} is asked for.
 *
 * @param what {@code train} or {@code generate}
 * @param name {@code shakespeare-bench-12x64}, {@code small-decode-64}
 * @param preset whose shape it has
 * @param request to the process
 * @param check what every process is asked first, three times, with the same answer up to rounding
 * @param tokens of a run
 * @param flops of a run: a multiply and an add for every weight that a token meets, and the products of attention; in
 *     training three times as many
 * @param bytes of a run at least: weights that are met, once a pass, and the cache that is read
 */
public record ModelCase(
        String what,
        String name,
        String preset,
        String request,
        String check,
        double tokens,
        double flops,
        double bytes) {
    private static final int F32 = Float.BYTES;

    /** Steps of {@code batch} sequences of {@code length} tokens. */
    public static ModelCase train(String preset, int batch, int length) {
        DeepSeekConfig config = Presets.byName(preset);
        double tokens = (double) batch * length;
        double flops = 3 * tokens * forwardFlops(config, length / 2.0);
        // Weights, gradients and both moments: read by forward and backward, then read and written by the optimizer.
        double bytes = F32 * 9.0 * ParameterCount.of(config).total();
        return new ModelCase(
                "train",
                preset + "-" + batch + "x" + length,
                preset,
                "train " + batch + " " + length,
                "train 2 16",
                tokens,
                flops,
                bytes);
    }

    /** A prompt of {@code n} tokens. */
    public static ModelCase prefill(String preset, int n) {
        DeepSeekConfig config = Presets.byName(preset);
        ParameterCount count = ParameterCount.of(config);
        double bytes = F32 * (double) (count.total() - count.embedding());
        return new ModelCase(
                "generate",
                preset + "-prefill-" + n,
                preset,
                "prefill " + n,
                "prefill 8",
                n,
                n * forwardFlops(config, n / 2.0),
                bytes);
    }

    /** {@code n} tokens, one after the other. */
    public static ModelCase decode(String preset, int n) {
        DeepSeekConfig config = Presets.byName(preset);
        double bytes = n * bytesAToken(config, n / 2.0);
        return new ModelCase(
                "generate",
                preset + "-decode-" + n,
                preset,
                "decode " + n,
                "decode 4",
                n,
                n * forwardFlops(config, n / 2.0),
                bytes);
    }

    /**
     * What one decoded token moves at least: every weight it meets but the embedding's table, and the cache of the
     * {@code past} tokens before it. With memory as the limit this is its price in time and in energy alike.
     */
    public static double bytesAToken(DeepSeekConfig config, double past) {
        ParameterCount count = ParameterCount.of(config);
        return F32 * (count.active() - count.embedding() + past * count.cacheRow());
    }

    /** Operations of a token that looks back at {@code past} others. */
    private static double forwardFlops(DeepSeekConfig config, double past) {
        ParameterCount count = ParameterCount.of(config);
        var mla = config.mla();
        double pair = 2.0 * mla.numAttentionHeads() * (mla.qkHeadDim() + mla.vHeadDim()) * config.numHiddenLayers();
        return 2.0 * (count.active() - count.embedding()) + past * pair;
    }
}
