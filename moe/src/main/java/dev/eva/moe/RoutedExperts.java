package dev.eva.moe;

import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.function.Consumer;

/**
 * The routed experts of a layer, each {@code W_2 (silu(W_1 x) * W_3 x)}, computed together: tokens sorted by expert,
 * one grouped product for all gates and ups, one for all downs.
 *
 * <p>Parameters: {@code w13} (E, 2F, D), gate rows above up rows, and {@code w2} (E, D, F).
 */
public final class RoutedExperts implements Layer {
    private final PreparedWeight w13;
    private final PreparedWeight w2;
    /** The last op that no tape recorded, for the next token. */
    private ExpertFfn unrecorded;

    private RoutedExperts(PreparedWeight w13, PreparedWeight w2) {
        if (w13.groups() != w2.groups()
                || w13.outFeatures() != 2 * w2.inFeatures()
                || w13.inFeatures() != w2.outFeatures()) {
            throw new IllegalArgumentException(
                    "experts: w13 " + w13.sizes() + ", w2 " + w2.sizes() + "; need (E, 2F, D) and (E, D, F)");
        }
        this.w13 = w13;
        this.w2 = w2;
    }

    /** Over w13 (E, 2F, D) and w2 (E, D, F), which are not copied and become parameters. */
    RoutedExperts(Tensor w13, Tensor w2) {
        this(new PreparedWeight(w13.requiresGrad(true)), new PreparedWeight(w2.requiresGrad(true)));
    }

    /** The experts whose parameters are called {@code name.w13} and {@code name.w2}. */
    static RoutedExperts of(String name, MoeConfig c, WeightSource weights) {
        int e = c.nRoutedExperts();
        int f = c.moeIntermediateSize();
        return new RoutedExperts(
                weights.grouped(Layer.path(name, "w13"), e, 2, 2 * f, c.hiddenSize()),
                weights.grouped(Layer.path(name, "w2"), e, 1, c.hiddenSize(), f));
    }

    /** x (T, D) -> {@code sum_j weight_tj expert_tj(x_t)} (T, D). */
    Tensor forward(Tensor x, Routing routing) {
        if (Tape.isOpen()) {
            SlotOrder order = SlotOrder.of(routing.expertIds(), routing.counts());
            return ExpertFfn.expertFfn(x, routing.weights(), w13, w2, order);
        }
        SlotOrder last = unrecorded == null ? null : unrecorded.order();
        SlotOrder order = SlotOrder.of(routing.expertIds(), routing.counts(), last);
        if (order != last) {
            unrecorded = new ExpertFfn(w13, w2, order);
        }
        return unrecorded.of(x, routing.weights());
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        if (w13.isFrozen()) {
            return;
        }
        int f = w2.inFeatures();
        Parameter.Role role = Parameter.Role.MATRIX;
        visitor.accept(new Parameter(Layer.path(prefix, "w13"), w13.weight(), role, f));
        visitor.accept(new Parameter(Layer.path(prefix, "w2"), w2.weight(), role, w2.outFeatures()));
    }
}
