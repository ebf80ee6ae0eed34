package dev.eva.model;

import dev.eva.mla.MlaWeights;
import dev.eva.moe.Routing;
import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import dev.eva.nn.Projection;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.Concat;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * A multi-token prediction layer: from what stands at a place and the token that follows, to what comes after that
 * token.
 *
 * <p>{@code x = W [enorm(e) ; hnorm(h)]}, {@code out = layer(x)}, {@code logits = head(norm(out))}: {@code e} the
 * embedding of the next token, {@code h} what the depth before gave for the place, for the first depth the main
 * model's residual stream after its final norm. The embedding stands first, as in the released checkpoints (the
 * paper's equation 21 has it last). Embedding and head are the main model's.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2.2
 */
public final class MtpLayer implements Layer {
    private final int index;
    private final RmsNorm enorm;
    private final RmsNorm hnorm;
    private final Projection ehProj;
    private final DecoderLayer layer;
    private final RmsNorm norm;

    /**
     * What the layer gives.
     *
     * @param x (M, D), the residual stream, for a depth behind this one
     * @param normed (M, D), the same after the layer's own norm, for the head
     * @param routing where the tokens went
     */
    public record Output(Tensor x, Tensor normed, Routing routing) {}

    MtpLayer(int index, RmsNorm enorm, RmsNorm hnorm, Projection ehProj, DecoderLayer layer, RmsNorm norm) {
        this.index = index;
        this.enorm = enorm;
        this.hnorm = hnorm;
        this.ehProj = ehProj;
        this.layer = layer;
        this.norm = norm;
    }

    /** The layer that is called {@code layers.index}. */
    static MtpLayer of(DeepSeekConfig config, int index, WeightSource weights) {
        int d = config.hiddenSize();
        float eps = (float) config.rmsNormEps();
        String name = "layers." + index + ".";
        Projection ehProj = weights.linear(name + "ehProj", d, 2 * d);
        DecoderLayer layer = DecoderLayer.of(config, index, weights);
        RmsNorm enorm = new RmsNorm(weights.gains(name + "enorm", d), eps);
        RmsNorm hnorm = new RmsNorm(weights.gains(name + "hnorm", d), eps);
        RmsNorm norm = new RmsNorm(weights.gains(name + "sharedHead.norm", d), eps);
        return new MtpLayer(index, enorm, hnorm, ehProj, layer, norm);
    }

    /**
     * Predicts at M places.
     *
     * @param h (M, D), of the depth before
     * @param e (M, D), the embeddings of the tokens that the depth before was to predict
     * @param attention maps the normed (M, D) to (M, D)
     */
    public Output forward(Tensor h, Tensor e, UnaryOperator<Tensor> attention, Probe probe) {
        Tensor x = ehProj.forward(Concat.concat(enorm.forward(e), hnorm.forward(h)));
        probe.on("mtp.input", index, x);
        List<Routing> routings = new ArrayList<>(1);
        Tensor out = layer.forward(x, attention, probe, routings);
        return new Output(out, norm.forward(out), routings.isEmpty() ? null : routings.getFirst());
    }

    /** The attention's weights. */
    public MlaWeights attn() {
        return layer.attn();
    }

    DecoderLayer layer() {
        return layer;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        enorm.visit(Layer.path(prefix, "enorm"), visitor);
        hnorm.visit(Layer.path(prefix, "hnorm"), visitor);
        ehProj.visit(Layer.path(prefix, "ehProj"), visitor);
        layer.visit(prefix, visitor);
        norm.visit(Layer.path(prefix, "sharedHead.norm"), visitor);
    }
}
