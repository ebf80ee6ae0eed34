package dev.eva.model.parity;

import dev.eva.mla.MlaTrain;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.MtpLayer;
import dev.eva.model.MultiToken;
import dev.eva.model.Probe;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.GatherRows;
import dev.eva.tensor.ops.Scale;
import java.util.Arrays;
import java.util.List;

/** Multi-token prediction of a checkpoint: what the first layer computes, the loss, and its part of the whole. */
final class PredictionCase {
    /** Part of the prediction loss in {@code total_loss}. */
    private static final float WEIGHT = 0.3f;

    private final DeepSeekModel model;
    private final Sheet sheet;

    PredictionCase(DeepSeekModel model, Sheet sheet) {
        this.model = model;
        this.sheet = sheet;
    }

    /** Whether the references ask for it and the model has it. */
    boolean applies() {
        return !model.predictionLayers().isEmpty()
                && sheet.open().stream().anyMatch(n -> n.equals("total_loss") || n.startsWith("mtp"));
    }

    /**
     * Compares the forward pass and the losses.
     *
     * @param main what the model gave for {@code ids} (B, T)
     * @param loss of the main model
     * @return {@code loss + 0.3 mtp_loss}
     */
    Tensor compare(DeepSeekModel.Output main, IntTensor ids, Tensor loss) {
        int first = model.config().numHiddenLayers();
        List<MultiToken.Depth> depths = MultiToken.forward(model, main, ids, (what, layer, value) -> {
            if (layer == first) {
                look(what, value);
            }
        });
        MultiToken.Depth depth = depths.getFirst();
        sheet.close("mtp_logits", () -> depth.logits().toArray(), ModelCase.LOGITS);
        if (depth.routing() != null) {
            sheet.equal("mtp.router.indices", () -> depth.routing().expertIds().array());
            sheet.close("mtp.router.weights", () -> depth.routing().weights().toArray(), ModelCase.gates(model));
        }
        sheet.close("mtp_logits_pos0_zeroed", () -> zeroed(main.normed(), ids).toArray(), ModelCase.LOGITS);
        Tensor prediction = MultiToken.loss(depths, ids);
        sheet.close("mtp_loss", prediction::toArray, ModelCase.LOSS);
        float known = (ids.dim(1) - 1f) / (ids.dim(1) - 2f);
        sheet.close("mtp_loss_valid_mean", () -> new float[] {prediction.item() * known}, ModelCase.LOSS);
        Tensor total = Add.add(loss, Scale.scale(prediction, WEIGHT));
        sheet.close("total_loss", total::toArray, ModelCase.LOSS);
        return total;
    }

    private void look(String what, Tensor value) {
        switch (what) {
            case "mtp.input" -> sheet.close("mtp.input", value::toArray, ModelCase.HIDDEN);
            case "hidden" -> sheet.close("mtp.hidden", value::toArray, ModelCase.HIDDEN);
            case "router.logits" -> sheet.close("mtp.router.logits", value::toArray, ModelCase.HIDDEN);
            default -> {}
        }
    }

    /** The logits where the embedding at each sequence's first place is replaced by zeros, as some servers do. */
    private Tensor zeroed(Tensor normed, IntTensor ids) {
        int batch = ids.dim(0);
        int length = ids.dim(1);
        int places = length - 1;
        int[] rows = new int[batch * places];
        int[] next = new int[batch * places];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i / places * length + i % places;
            next[i] = ids.get(rows[i] + 1);
        }
        Tensor e = Tensor.of(model.embed(IntTensor.of(next, next.length)).toArray(), rows.length, normed.dim(1));
        for (int b = 0; b < batch; b++) {
            int from = b * places * normed.dim(1);
            Arrays.fill(e.array(), from, from + normed.dim(1), 0);
        }
        MtpLayer layer = model.predictionLayers().getFirst();
        MlaTrain attention = new MlaTrain(layer.attn());
        Tensor h = GatherRows.gatherRows(normed, rows);
        return model.head(layer.forward(h, e, x -> attention.forward(x, batch, places), Probe.NONE)
                .normed());
    }
}
