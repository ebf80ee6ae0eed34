package dev.eva.moe;

import dev.eva.nn.FeedForward;
import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import java.util.function.Consumer;

/**
 * Mixture of experts: {@code y = sum_j g_j FFN_j(x) + FFN_shared(x)} over the K experts that the router chooses; the
 * shared experts are one network, always on, with weight one.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2.1.2. Parameters: those of {@link Router}, {@code experts.*} and
 * {@code sharedExperts.*}.
 */
public final class MoE implements Layer {
    private final MoeConfig config;
    private final Router router;
    private final RoutedExperts experts;
    private final FeedForward sharedExperts;

    /** The result (T, D) and where the tokens went. */
    public record Output(Tensor out, Routing routing) {}

    private MoE(MoeConfig config, Router router, RoutedExperts experts, FeedForward sharedExperts) {
        this.config = config;
        this.router = router;
        this.experts = experts;
        this.sharedExperts = sharedExperts;
    }

    /** The layer that is called {@code name}. */
    public static MoE of(String name, MoeConfig c, WeightSource weights) {
        Router router = Router.of(name, c, weights);
        RoutedExperts experts = RoutedExperts.of(Layer.path(name, "experts"), c, weights);
        String sharedExperts = Layer.path(name, "sharedExperts");
        FeedForward shared = c.nSharedExperts() == 0
                ? null
                : FeedForward.of(sharedExperts, c.hiddenSize(), c.sharedIntermediateSize(), weights);
        return new MoE(c, router, experts, shared);
    }

    /** x (T, D) -> (T, D). */
    public Output forward(Tensor x) {
        Routing routing = router.forward(x);
        Tensor routed = experts.forward(x, routing);
        return new Output(sharedExperts == null ? routed : Add.add(routed, sharedExperts.forward(x)), routing);
    }

    /** {@link Output#out} alone, where nobody asks for the routing: the next call overwrites it. No gradient. */
    public Tensor mix(Tensor x) {
        if (Tape.isOpen()) {
            throw new IllegalStateException("moe: mix while a tape records; need forward");
        }
        Tensor routed = experts.forward(x, router.forwardOnce(x));
        return sharedExperts == null ? routed : Add.add(routed, sharedExperts.forward(x));
    }

    public MoeConfig config() {
        return config;
    }

    public Router router() {
        return router;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        router.visit(prefix, visitor);
        experts.visit(Layer.path(prefix, "experts"), visitor);
        if (sharedExperts != null) {
            sharedExperts.visit(Layer.path(prefix, "sharedExperts"), visitor);
        }
    }
}
