package dev.eva.moe;

import dev.eva.nn.Layer;
import dev.eva.nn.Linear;
import dev.eva.nn.Parameter;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.Sigmoid;
import dev.eva.tensor.ops.Softmax;
import java.util.Arrays;
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
    /** Of {@link #forwardOnce}. */
    private Picks picks;

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
        return route(logits, new Picks(logits.dim(0)));
    }

    /** As {@link #forward}, but the next call overwrites the choice: for who keeps no routing, such as decoding. */
    Routing forwardOnce(Tensor x) {
        if (picks == null || picks.ids.dim(0) != x.dim(0)) {
            picks = new Picks(x.dim(0));
        }
        return route(gate.forward(x), picks);
    }

    private Routing route(Tensor logits, Picks p) {
        Tensor scores = switch (config.method()) {
            case RoutingMethod.NoauxTc m -> Sigmoid.sigmoid(logits);
            case RoutingMethod.Greedy m -> Softmax.softmax(logits);
            case RoutingMethod.GroupLimitedGreedy m -> Softmax.softmax(logits);
        };
        selection.select(scores, bias, p.ids.array());
        Arrays.fill(p.counts, 0);
        for (int id : p.ids.array()) {
            p.counts[id]++;
        }
        Tensor weights = p.gates.of(scores);
        Routing last = p.last;
        if (last == null || last.weights() != weights || last.scores() != scores || last.logits() != logits) {
            p.last = new Routing(weights, p.ids, scores, logits, p.counts);
        }
        return p.last;
    }

    /** What is chosen for some number of tokens. */
    private final class Picks {
        private final IntTensor ids;
        private final int[] counts = new int[config.nRoutedExperts()];
        private final Gates gates;
        /** With tensors that a workspace may hand out again. */
        private Routing last;

        Picks(int tokens) {
            int k = config.numExpertsPerTok();
            this.ids = IntTensor.of(new int[tokens * k], tokens, k);
            this.gates = new Gates(ids, normalises(), (float) config.routedScalingFactor());
        }
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
