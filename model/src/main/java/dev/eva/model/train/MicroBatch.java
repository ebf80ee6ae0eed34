package dev.eva.model.train;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.MultiToken;
import dev.eva.model.Probe;
import dev.eva.moe.BalanceLoss;
import dev.eva.moe.Routing;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.CrossEntropy;
import dev.eva.tensor.ops.Scale;
import java.util.Arrays;
import java.util.List;

/**
 * Forward and backward of some sequences of {@code length} tokens: their part of a step's gradient, and
 * what else is to be known of them.
 */
final class MicroBatch {
    /** Numbers of {@link #report} before the counts. */
    static final int HEAD = 3;

    private final DeepSeekModel model;
    private final TrainConfig config;
    private final Workspace workspace;
    private final long[][] counts;
    private int sequences;
    private int[] ids = {};
    private int[] targets = {};
    private double loss;
    private double mtpLoss;
    private long keptBytes;

    MicroBatch(DeepSeekModel model, TrainConfig config, Workspace workspace) {
        this.model = model;
        this.config = config;
        this.workspace = workspace;
        this.counts = new long[model.moeLayers().size()][model.config().moe().nRoutedExperts()];
    }

    /**
     * Fills the gradients of all parameters, times the micro-batch's share of the step; leaves them where the loss is
     * not finite.
     *
     * @param place of its first sequence in the run
     * @param n sequences
     * @param state of the run before the step
     */
    void backward(Batches batches, long place, int n, float share, TrainerState state) {
        int length = config.batching().length();
        if (n != sequences) {
            sequences = n;
            ids = new int[n * length];
            targets = new int[n * length];
        }
        batches.fill(place, ids, targets);
        for (long[] layer : counts) {
            Arrays.fill(layer, 0);
        }
        mtpLoss = 0;
        keptBytes = 0;
        try (Workspace.Scope scope = workspace.open();
                Tape tape = Tape.open(Tape.Keeping.LEAST)) {
            DeepSeekModel.Output out = model.forward(IntTensor.of(ids, n, length));
            Tensor own = CrossEntropy.crossEntropy(out.logits(), IntTensor.of(targets, targets.length));
            loss = own.item();
            if (!Double.isFinite(loss)) {
                return;
            }
            Tensor sum = own;
            for (int l = 0; l < out.routings().size(); l++) {
                sum = balanced(sum, l, out.routings().get(l), length);
            }
            Tensor whole = predictions(sum, out, share, state);
            keptBytes = workspace.lentBytes();
            tape.backward(whole, share);
        }
    }

    /** Counts where the tokens went, and adds the balance loss of the layer. */
    private Tensor balanced(Tensor sum, int layer, Routing routing, int length) {
        for (int e = 0; e < counts[layer].length; e++) {
            counts[layer][e] += routing.counts()[e];
        }
        float alpha = (float) config.balance().alpha();
        return alpha > 0 ? Add.add(sum, BalanceLoss.balanceLoss(routing, sequences, length, alpha)) : sum;
    }

    /** Adds the weighted loss of the multi-token prediction layers, and their balance losses. */
    private Tensor predictions(Tensor sum, DeepSeekModel.Output main, float share, TrainerState state) {
        int depths = model.predictionLayers().size();
        if (depths == 0) {
            return sum;
        }
        IntTensor tokens = known();
        List<MultiToken.Depth> ahead = MultiToken.forward(model, main, tokens, Probe.NONE);
        Tensor prediction = MultiToken.loss(ahead, tokens);
        mtpLoss = prediction.item() * share;
        float weight = (float) config.mtp().at(state.step(), state.totalSteps());
        Tensor all = Add.add(sum, Scale.scale(prediction, weight));
        int layer = main.routings().size();
        for (MultiToken.Depth depth : ahead) {
            // A depth of a model without experts has no routing.
            if (depth.routing() != null) {
                all = balanced(all, layer++, depth.routing(), depth.length());
            }
        }
        return all;
    }

    /** The tokens of the batch (B, T + 1): what the model reads and the one after it. */
    private IntTensor known() {
        int length = config.batching().length();
        int w = length + 1;
        int[] all = new int[sequences * w];
        for (int s = 0; s < sequences; s++) {
            System.arraycopy(ids, s * length, all, s * w, length);
            all[s * w + length] = targets[(s + 1) * length - 1];
        }
        return IntTensor.of(all, sequences, w);
    }

    /**
     * What other ranks have to know of the last micro-batch: mean cross-entropy, share of the step's multi-token
     * prediction loss, bytes kept for the backward pass, and the tokens of each expert of each layer. All are exact.
     */
    double[] report() {
        int experts = model.config().moe().nRoutedExperts();
        double[] all = new double[HEAD + counts.length * experts];
        all[0] = loss;
        all[1] = mtpLoss;
        all[2] = keptBytes;
        for (int l = 0; l < counts.length; l++) {
            for (int e = 0; e < experts; e++) {
                all[HEAD + l * experts + e] = counts[l][e];
            }
        }
        return all;
    }
}
