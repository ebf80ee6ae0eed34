package dev.eva.model;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Name and sizes of a parameter, known from the configuration alone: what a checkpoint must hold, and what a model
 * that no memory
 * could hold consists of. The same names, sizes and order as {@code DeepSeekModel.parameters()}.
 *
 * <p>Letters: D model dimension, V vocabulary, E experts, F expert width, N heads, R latent rank.
 *
 * @param name as in the model, for example {@code layers.3.attn.wkvB}
 * @param buffer whether it is saved with the model but not trained (the routing bias)
 * @param dims sizes, outermost first
 */
public record ParameterShape(String name, boolean buffer, int... dims) {
    /** Number of values; more than one tensor can hold in the largest models. */
    public long size() {
        return Arrays.stream(dims).asLongStream().reduce(1, Math::multiplyExact);
    }

    /** All parameters of a model, buffers and multi-token prediction layers included. */
    public static List<ParameterShape> of(DeepSeekConfig config) {
        int d = config.hiddenSize();
        List<ParameterShape> all = new ArrayList<>();
        add(all, "embed", config.vocabSize(), d);
        for (int l = 0; l < config.numHiddenLayers(); l++) {
            layer(all, config, l);
        }
        add(all, "norm", d);
        add(all, "head", config.vocabSize(), d);
        for (int k = 0; k < config.numNextnPredictLayers(); k++) {
            int l = config.numHiddenLayers() + k;
            String layer = "layers." + l + ".";
            add(all, layer + "enorm", d);
            add(all, layer + "hnorm", d);
            add(all, layer + "ehProj", d, 2 * d);
            layer(all, config, l);
            add(all, layer + "sharedHead.norm", d);
        }
        return all;
    }

    private static void layer(List<ParameterShape> all, DeepSeekConfig config, int l) {
        int d = config.hiddenSize();
        String layer = "layers." + l + ".";
        add(all, layer + "attnNorm", d);
        attention(all, layer + "attn.", config.mla());
        add(all, layer + "ffnNorm", d);
        if (config.isMoe(l)) {
            experts(all, layer + "ffn.", config.moe());
        } else {
            feedForward(all, layer + "ffn.", d, config.intermediateSize());
        }
    }

    private static void attention(List<ParameterShape> all, String prefix, MlaConfig mla) {
        int d = mla.hiddenSize();
        int heads = mla.numAttentionHeads();
        int queries = heads * mla.qkHeadDim();
        switch (mla.query()) {
            case QueryProjection.Direct q -> add(all, prefix + "wq", queries, d);
            case QueryProjection.LowRank q -> {
                add(all, prefix + "wqA", q.qLoraRank(), d);
                add(all, prefix + "qNorm", q.qLoraRank());
                add(all, prefix + "wqB", queries, q.qLoraRank());
            }
        }
        add(all, prefix + "wkvA", mla.kvLoraRank() + mla.qkRopeHeadDim(), d);
        add(all, prefix + "kvNorm", mla.kvLoraRank());
        add(all, prefix + "wkvB", heads * (mla.qkNopeHeadDim() + mla.vHeadDim()), mla.kvLoraRank());
        add(all, prefix + "wo", d, heads * mla.vHeadDim());
    }

    private static void experts(List<ParameterShape> all, String prefix, MoeConfig moe) {
        int e = moe.nRoutedExperts();
        int d = moe.hiddenSize();
        int f = moe.moeIntermediateSize();
        add(all, prefix + "gate", e, d);
        if (moe.method() instanceof RoutingMethod.NoauxTc) {
            all.add(new ParameterShape(prefix + "gateBias", true, e));
        }
        add(all, prefix + "experts.w13", e, 2 * f, d);
        add(all, prefix + "experts.w2", e, d, f);
        if (moe.nSharedExperts() > 0) {
            feedForward(all, prefix + "sharedExperts.", d, moe.sharedIntermediateSize());
        }
    }

    private static void feedForward(List<ParameterShape> all, String prefix, int d, int f) {
        add(all, prefix + "w13", 2 * f, d);
        add(all, prefix + "w2", d, f);
    }

    private static void add(List<ParameterShape> all, String name, int... dims) {
        all.add(new ParameterShape(name, false, dims));
    }
}
