package dev.eva.moe;

import dev.eva.nn.Layer;
import dev.eva.nn.Linear;
import dev.eva.nn.Parameter;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.Sigmoid;
import dev.eva.tensor.ops.Softmax;
import java.util.function.Consumer;

/**
 * Sends each token to its experts: {@code s = sigmoid(W_g x)} or {@code softmax(W_g x)}, a choice of K by {@code s +
 * b}, weights by {@code s}. All in F32.
 *
 * <p>Parameters: {@code gate} (E, D) and, for {@code noaux_tc}, the buffer {@code gateBias} (E), DeepSeek's
 * {@code e_score_correction_bias}, which {@link RoutingBias} moves.
 */
public final class Router implements Layer {
    private final MoeConfig config;
    private final Linear gate;
    private final Tensor bias;
    private final ExpertSelection selection;

    /**
     * @param gate (E, D)
     * @param bias (E); ignored by the softmax methods, which have none
     */
    public Router(MoeConfig config, Tensor gate, Tensor bias) {
        this.config = config;
        this.gate = new Linear(gate);
        this.bias = config.method() instanceof RoutingMethod.NoauxTc ? bias : null;
        this.selection = new ExpertSelection(config.method(), config.nRoutedExperts(), config.numExpertsPerTok());
    }

    /** The router of the layer that is called {@code name}. */
    static Router of(String name, MoeConfig config, WeightSource weights) {
        int e = config.nRoutedExperts();
        Tensor gate = weights.matrix(Layer.path(name, "gate"), e, config.hiddenSize());
        boolean biased = config.method() instanceof RoutingMethod.NoauxTc;
        return new Router(config, gate, biased ? weights.buffer(Layer.path(name, "gateBias"), e) : null);
    }

    /** x (T, D) -> where its tokens go. */
    public Routing forward(Tensor x) {
        return route(gate.forward(x));
    }

    /** logits (T, E) -> where the tokens go. */
    public Routing route(Tensor logits) {
        Tensor scores = switch (config.method()) {
            case RoutingMethod.NoauxTc m -> Sigmoid.sigmoid(logits);
            case RoutingMethod.Greedy m -> Softmax.softmax(logits);
            case RoutingMethod.GroupLimitedGreedy m -> Softmax.softmax(logits);
        };
        int[] ids = selection.select(scores, bias);
        IntTensor expertIds = IntTensor.of(ids, scores.dim(0), config.numExpertsPerTok());
        Tensor weights = Gates.gates(scores, expertIds, normalises(), (float) config.routedScalingFactor());
        int[] counts = new int[config.nRoutedExperts()];
        for (int id : ids) {
            counts[id]++;
        }
        return new Routing(weights, expertIds, scores, logits, counts);
    }

    /** The softmax methods never normalise, whatever the config says: so does Hugging Face transformers. */
    private boolean normalises() {
        return config.normTopkProb() && config.method() instanceof RoutingMethod.NoauxTc;
    }

    /** The selection bias (E), or null for the softmax methods. */
    public Tensor bias() {
        return bias;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        gate.visit(Layer.path(prefix, "gate"), visitor);
        if (bias != null) {
            visitor.accept(Parameter.buffer(Layer.path(prefix, "gateBias"), bias));
        }
    }
}
