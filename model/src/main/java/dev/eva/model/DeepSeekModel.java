package dev.eva.model;

import dev.eva.mla.MlaTrain;
import dev.eva.moe.MoE;
import dev.eva.moe.Routing;
import dev.eva.nn.FreshWeights;
import dev.eva.nn.Layer;
import dev.eva.nn.Lookup;
import dev.eva.nn.Parameter;
import dev.eva.nn.Projection;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.OperandRounding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * A DeepSeek-V2/V3 language model: {@code logits = head(norm(layers(embed(ids))))}.
 *
 * <p>Letters: B sequences of T tokens, M = B*T rows, D model dimension, V vocabulary.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2
 */
public final class DeepSeekModel implements Layer {
    private final DeepSeekConfig config;
    private final Lookup embed;
    private final List<DecoderLayer> layers;
    private final RmsNorm norm;
    private final Projection head;
    private final List<MtpLayer> predictionLayers;
    private final List<MlaTrain> attention;

    /**
     * What a forward pass gives.
     *
     * @param logits (M, V)
     * @param normed (M, D), the residual stream after the final norm
     * @param routings where the tokens went, one for each decoder layer with experts, in the order of the layers
     */
    public record Output(Tensor logits, Tensor normed, List<Routing> routings) {}

    private DeepSeekModel(
            DeepSeekConfig config,
            Lookup embed,
            List<DecoderLayer> layers,
            RmsNorm norm,
            Projection head,
            List<MtpLayer> predictionLayers) {
        this.config = config;
        this.predictionLayers = List.copyOf(predictionLayers);
        this.embed = embed;
        this.layers = List.copyOf(layers);
        this.norm = norm;
        this.head = head;
        this.attention = this.layers.stream().map(l -> new MlaTrain(l.attn())).toList();
    }

    /** Fresh weights: matrices {@code N(0, initializerRange^2)}, gains one, routing biases zero. */
    public static DeepSeekModel random(DeepSeekConfig config, RandomGenerator random) {
        return random(config, random, name -> null);
    }

    /**
     * Fresh weights whose products round their operands first.
     *
     * @param rounding of the weight of that name, or null; each weight has one of its own
     */
    public static DeepSeekModel random(
            DeepSeekConfig config, RandomGenerator random, Function<String, OperandRounding> rounding) {
        float std = (float) config.initializerRange();
        return of(config, new FreshWeights(std, std, random, rounding));
    }

    /**
     * A model whose weights come from {@code weights}. Multi-token prediction layers are asked for last, so that the
     * rest does not depend on whether there are any.
     */
    public static DeepSeekModel of(DeepSeekConfig config, WeightSource weights) {
        int d = config.hiddenSize();
        Lookup embed = weights.embedding("embed", config.vocabSize(), d);
        List<DecoderLayer> layers = new ArrayList<>();
        for (int l = 0; l < config.numHiddenLayers(); l++) {
            layers.add(DecoderLayer.of(config, l, weights));
        }
        RmsNorm norm = new RmsNorm(weights.gains("norm", d), (float) config.rmsNormEps());
        Projection head = weights.head("head", config.vocabSize(), d);
        List<MtpLayer> prediction = new ArrayList<>();
        for (int k = 0; k < config.numNextnPredictLayers(); k++) {
            prediction.add(MtpLayer.of(config, config.numHiddenLayers() + k, weights));
        }
        return new DeepSeekModel(config, embed, layers, norm, head, prediction);
    }

    public DeepSeekConfig config() {
        return config;
    }

    /** The decoder layers, in order. */
    public List<DecoderLayer> layers() {
        return layers;
    }

    /** The multi-token prediction layers, the one for the token after the next first; none where there are none. */
    public List<MtpLayer> predictionLayers() {
        return predictionLayers;
    }

    /** The layers with experts, in order; those of multi-token prediction come last. */
    public List<MoE> moeLayers() {
        return Stream.concat(layers.stream(), predictionLayers.stream().map(MtpLayer::layer))
                .map(DecoderLayer::ffn)
                .filter(Ffn.Experts.class::isInstance)
                .map(ffn -> ((Ffn.Experts) ffn).moe())
                .toList();
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
        List<Routing> routings = new ArrayList<>();
        Tensor x = layers(ids, l -> h -> attention.get(l).forward(h, b, t), probe, routings);
        Tensor normed = finalNorm(x, probe);
        return new Output(head.forward(normed), normed, routings);
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
        return layers(ids, form, Probe.NONE, null);
    }

    /** Rows of the residual stream (M, D) -> logits (M, V). */
    public Tensor logits(Tensor x) {
        return head(norm.forward(x));
    }

    /** Rows of the residual stream (M, D) after the final norm, which multi-token prediction starts from. */
    public Tensor normed(Tensor x) {
        return norm.forward(x);
    }

    /** Normed rows (M, D), of the model or of a multi-token prediction layer, -> logits (M, V). */
    public Tensor head(Tensor normed) {
        return head.forward(normed);
    }

    /** The embeddings (M, D) of M tokens. */
    public Tensor embed(IntTensor ids) {
        return embed.forward(ids);
    }

    /**
     * @param routings takes those of the layers with experts, in order; null where nobody asks
     */
    private Tensor layers(IntTensor ids, AttentionForm form, Probe probe, List<Routing> routings) {
        Tensor x = embed.forward(ids);
        probe.on("hidden", -1, x);
        for (int l = 0; l < layers.size(); l++) {
            x = layers.get(l).forward(x, form.of(l), probe, routings);
        }
        return x;
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
        for (int k = 0; k < predictionLayers.size(); k++) {
            predictionLayers.get(k).visit(Layer.path(prefix, "layers." + (layers.size() + k)), visitor);
        }
    }
}
