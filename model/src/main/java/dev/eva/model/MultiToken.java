package dev.eva.model;

import dev.eva.mla.MlaTrain;
import dev.eva.moe.Routing;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.CrossEntropy;
import dev.eva.tensor.ops.GatherRows;
import dev.eva.tensor.ops.Scale;
import java.util.ArrayList;
import java.util.List;

/**
 * Multi-token prediction over whole sequences, for training: depth k predicts from place i the token i + k + 1.
 *
 * <p>Letters: B sequences of W known tokens, of which the main model saw the first T; depth k has a row for each place
 * {@code i < min(T, W - k)}, where the token i + k is known.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2.2
 */
public final class MultiToken {
    /** A target that the loss leaves out. */
    private static final int IGNORED = -1;

    /**
     * What a depth gives.
     *
     * @param logits (B*length, V)
     * @param routing where the tokens went
     * @param length places of a sequence
     */
    public record Depth(Tensor logits, Routing routing, int length) {}

    private MultiToken() {}

    /**
     * The predictions of all depths of the model, the first depth first.
     *
     * @param main what the model gave for the first T tokens of every sequence
     * @param tokens (B, W), W at least T and more than the depths
     */
    public static List<Depth> forward(DeepSeekModel model, DeepSeekModel.Output main, IntTensor tokens, Probe probe) {
        int b = tokens.dim(0);
        int w = tokens.dim(1);
        int length = main.normed().dim(0) / b;
        if (w < length || w <= model.predictionLayers().size()) {
            throw new IllegalArgumentException("multi-token prediction: " + w + " tokens a sequence; need at least the "
                    + length + " that the model saw and more than the "
                    + model.predictionLayers().size() + " depths");
        }
        List<Depth> depths = new ArrayList<>();
        Tensor h = main.normed();
        for (MtpLayer layer : model.predictionLayers()) {
            int k = depths.size() + 1;
            int places = Math.min(length, w - k);
            h = firstPlaces(h, b, length, places);
            length = places;
            MlaTrain attention = new MlaTrain(layer.attn());
            Tensor e = model.embed(shifted(tokens, places, k));
            MtpLayer.Output out = layer.forward(h, e, x -> attention.forward(x, b, places), probe);
            depths.add(new Depth(model.head(out.normed()), out.routing(), places));
            h = out.x();
        }
        return depths;
    }

    /**
     * {@code (1/D) sum_k L_k}, {@code L_k = -1/(B (W - 1)) sum ln p_k(token i + k + 1 | ...)} over the places where
     * that token is known. As in the paper the divisor counts the places with a next token, for every depth.
     *
     * @param depths of the same tokens
     * @return scalar
     */
    public static Tensor loss(List<Depth> depths, IntTensor tokens) {
        int b = tokens.dim(0);
        int w = tokens.dim(1);
        Tensor sum = null;
        for (int k = 1; k <= depths.size(); k++) {
            Depth depth = depths.get(k - 1);
            int known = Math.min(depth.length, w - k - 1);
            if (known < 1) {
                throw new IllegalArgumentException("multi-token prediction: " + w + " tokens a sequence leave depth "
                        + k + " nothing to predict; need at least " + (k + 2));
            }
            Tensor mean = CrossEntropy.crossEntropy(depth.logits, shifted(tokens, depth.length, k + 1));
            Tensor one = Scale.scale(mean, (float) ((double) known / (w - 1) / depths.size()));
            sum = sum == null ? one : Add.add(sum, one);
        }
        return sum;
    }

    /** The first places of every sequence: (B*length, D) -> (B*places, D). */
    private static Tensor firstPlaces(Tensor h, int b, int length, int places) {
        if (places == length) {
            return h;
        }
        int[] rows = new int[b * places];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i / places * length + i % places;
        }
        return GatherRows.gatherRows(h, rows);
    }

    /** Token i + shift of every sequence at its place i; what is not known is not a target. */
    private static IntTensor shifted(IntTensor tokens, int places, int shift) {
        int w = tokens.dim(1);
        int[] ids = new int[tokens.dim(0) * places];
        for (int i = 0; i < ids.length; i++) {
            int at = i % places + shift;
            ids[i] = at < w ? tokens.get(i / places * w + at) : IGNORED;
        }
        return IntTensor.of(ids, ids.length);
    }
}
