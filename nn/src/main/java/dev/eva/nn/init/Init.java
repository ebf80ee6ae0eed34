package dev.eva.nn.init;

import dev.eva.tensor.Tensor;
import java.util.random.RandomGenerator;

/** Fresh parameters: leaves that require a gradient. The order of the calls decides which values each one gets. */
public final class Init {
    private Init() {}

    /**
     * Independent {@code N(0, std^2)} values, as DeepSeek starts all weights (arXiv:2412.19437, section 4.2: 0.006).
     */
    public static Tensor normal(float std, RandomGenerator random, int... dims) {
        if (!(std > 0) || std == Float.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("init: standard deviation " + std + "; need a positive finite number");
        }
        return Tensor.randn(random, 0f, std, dims).requiresGrad(true);
    }

    /** Ones: the gains of a norm. */
    public static Tensor ones(int... dims) {
        return Tensor.full(1f, dims).requiresGrad(true);
    }
}
