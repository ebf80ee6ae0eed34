package dev.eva.model;

import dev.eva.mla.MlaTrain;
import dev.eva.moe.MoE;
import dev.eva.moe.Routing;
import dev.eva.nn.Embedding;
import dev.eva.nn.Layer;
import dev.eva.nn.Linear;
import dev.eva.nn.Parameter;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.init.Init;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * A DeepSeek-V2/V3 language model: {@code logits = head(norm(layers(embed(ids))))}.
 *
 * <p>Letters: B sequences of T tokens, M = B*T rows, D model dimension, V vocabulary.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2
 */
public final class DeepSeekModel implements Layer {
    private final DeepSeekConfig config;
    private final Embedding embed;
    private final List<DecoderLayer> layers;
    private final RmsNorm norm;
    private final Linear head;
    private final List<MlaTrain> attention;

    /**
     * What a forward pass gives.
     *
     * @param logits (M, V)
     * @param routings where the tokens went, one for each layer with experts, in the order of the layers
     */
    public record Output(Tensor logits, List<Routing> routings) {}

    private DeepSeekModel(
            DeepSeekConfig config, Embedding embed, List<DecoderLayer> layers, RmsNorm norm, Linear head) {
        this.config = config;
        this.embed = embed;
        this.layers = List.copyOf(layers);
        this.norm = norm;
        this.head = head;
        this.attention = this.layers.stream().map(l -> new MlaTrain(l.attn())).toList();
    }

    /** Fresh weights: matrices {@code N(0, initializerRange^2)}, gains one, routing biases zero. */
    public static DeepSeekModel random(DeepSeekConfig config, RandomGenerator random) {
        int d = config.hiddenSize();
        float std = (float) config.initializerRange();
        Embedding embed = new Embedding(config.vocabSize(), d, std, random);
        List<DecoderLayer> layers = new ArrayList<>();
        for (int l = 0; l < config.numHiddenLayers(); l++) {
            layers.add(DecoderLayer.random(config, l, random));
        }
        RmsNorm norm = new RmsNorm(d, (float) config.rmsNormEps());
        return new DeepSeekModel(
                config, embed, layers, norm, Linear.head(Init.normal(std, random, config.vocabSize(), d)));
    }

    public DeepSeekConfig config() {
        return config;
    }

    /** The decoder layers, in order. */
    public List<DecoderLayer> layers() {
        return layers;
    }

    /** The layers with experts, in order. */
    public List<MoE> moeLayers() {
        List<MoE> found = new ArrayList<>();
        for (DecoderLayer layer : layers) {
            if (layer.ffn() instanceof Ffn.Experts experts) {
                found.add(experts.moe());
            }
        }
        return found;
    }

    /** ids (B, T), all sequences from position 0, causal -> logits (M, V). */
    public Output forward(IntTensor ids) {
        return forward(ids, Probe.NONE);
    }

    /** As {@link #forward(IntTensor)}, with something that looks on. */
    public Output forward(IntTensor ids, Probe probe) {
        int b = ids.dim(0);
        int t = ids.dim(1);
        if (t > config.maxPositionEmbeddings()) {
            throw new IllegalArgumentException("forward: " + t + " tokens a sequence; max_position_embeddings is "
                    + config.maxPositionEmbeddings());
        }
        Hidden hidden = layers(ids, l -> x -> attention.get(l).forward(x, b, t), probe);
        return new Output(head.forward(finalNorm(hidden.x(), probe)), hidden.routings());
    }

    /** Attention of each layer, by its index. */
    @FunctionalInterface
    public interface AttentionForm {
        UnaryOperator<Tensor> of(int layer);
    }

    /**
     * The residual stream (M, D) after the last layer, with attention in whatever form the caller computes it; for
     * decoding with caches. {@link #logits(Tensor)} goes on from there.
     */
    public Tensor hidden(IntTensor ids, AttentionForm form) {
        return layers(ids, form, Probe.NONE).x();
    }

    /** Rows of the residual stream (M, D) -> logits (M, V). */
    public Tensor logits(Tensor x) {
        return head.forward(finalNorm(x, Probe.NONE));
    }

    private record Hidden(Tensor x, List<Routing> routings) {}

    private Hidden layers(IntTensor ids, AttentionForm form, Probe probe) {
        Tensor x = embed.forward(ids);
        probe.on("hidden", -1, x);
        List<Routing> routings = new ArrayList<>();
        for (int l = 0; l < layers.size(); l++) {
            DecoderLayer.Output out = layers.get(l).forward(x, form.of(l), probe);
            x = out.x();
            if (out.routing() != null) {
                routings.add(out.routing());
            }
        }
        return new Hidden(x, routings);
    }

    private Tensor finalNorm(Tensor x, Probe probe) {
        Tensor normed = norm.forward(x);
        probe.on("norm", -1, normed);
        return normed;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        embed.visit(Layer.path(prefix, "embed"), visitor);
        for (int l = 0; l < layers.size(); l++) {
            layers.get(l).visit(Layer.path(prefix, "layers." + l), visitor);
        }
        norm.visit(Layer.path(prefix, "norm"), visitor);
        head.visit(Layer.path(prefix, "head"), visitor);
    }
}
