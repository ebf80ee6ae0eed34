package dev.eva.model;

import dev.eva.mla.MlaWeights;
import dev.eva.moe.MoE;
import dev.eva.moe.Routing;
import dev.eva.nn.FeedForward;
import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A pre-norm decoder layer: {@code x += attention(attnNorm(x)); x += ffn(ffnNorm(x))}.
 *
 * <p>The layer does not know which form attention takes: training and prefill pass the expanded one, decoding the
 * absorbed one, over the same {@link MlaWeights}.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2.1
 */
public final class DecoderLayer implements Layer {
    private final int index;
    private final RmsNorm attnNorm;
    private final MlaWeights attn;
    private final RmsNorm ffnNorm;
    private final Ffn ffn;

    DecoderLayer(int index, RmsNorm attnNorm, MlaWeights attn, RmsNorm ffnNorm, Ffn ffn) {
        this.index = index;
        this.attnNorm = attnNorm;
        this.attn = attn;
        this.ffnNorm = ffnNorm;
        this.ffn = ffn;
    }

    /** The layer that is called {@code layers.index}. */
    static DecoderLayer of(DeepSeekConfig config, int index, WeightSource weights) {
        int d = config.hiddenSize();
        float eps = (float) config.rmsNormEps();
        String name = "layers." + index + ".";
        MlaWeights attn = MlaWeights.of(name + "attn", config.mla(), weights);
        Ffn ffn = config.isMoe(index)
                ? new Ffn.Experts(MoE.of(name + "ffn", config.moe(), weights))
                : new Ffn.Dense(FeedForward.of(name + "ffn", d, config.intermediateSize(), weights));
        RmsNorm attnNorm = new RmsNorm(weights.gains(name + "attnNorm", d), eps);
        return new DecoderLayer(index, attnNorm, attn, new RmsNorm(weights.gains(name + "ffnNorm", d), eps), ffn);
    }

    /**
     * x (M, D) -> (M, D); {@code attention} maps the normed (M, D) to (M, D).
     *
     * @param routings takes where the tokens went, if the layer has experts; null where nobody asks
     */
    Tensor forward(Tensor x, UnaryOperator<Tensor> attention, Probe probe, List<Routing> routings) {
        Tape.Segment segment = Tape.segment();
        Tensor attended = attention.apply(attnNorm.forward(x));
        probe.on("attn", index, attended);
        Tensor h = Add.addToKept(x, attended);
        Tensor normed = ffnNorm.forward(h);
        Tensor mixed = switch (ffn) {
            case Ffn.Dense dense -> dense.network().forward(normed);
            case Ffn.Experts experts -> mix(experts.moe(), normed, probe, routings);
        };
        Tensor out = Add.add(h, mixed);
        probe.on("hidden", index, out);
        return segment.end(out);
    }

    private Tensor mix(MoE moe, Tensor normed, Probe probe, List<Routing> routings) {
        if (routings == null) {
            return moe.mix(normed);
        }
        MoE.Output mixed = moe.forward(normed);
        probe.on("router.logits", index, mixed.routing().logits());
        routings.add(mixed.routing());
        return mixed.out();
    }

    /** The attention's weights. */
    public MlaWeights attn() {
        return attn;
    }

    /** The feed-forward part. */
    public Ffn ffn() {
        return ffn;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        attnNorm.visit(Layer.path(prefix, "attnNorm"), visitor);
        attn.visit(Layer.path(prefix, "attn"), visitor);
        ffnNorm.visit(Layer.path(prefix, "ffnNorm"), visitor);
        ffn.visit(Layer.path(prefix, "ffn"), visitor);
    }
}
