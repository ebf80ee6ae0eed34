package dev.eva.nn;

import dev.eva.nn.init.Init;
import dev.eva.tensor.Tensor;
import java.util.function.Consumer;

/**
 * {@code y = x / sqrt(mean(x^2) + eps) * g} over the last dimension (arXiv:1910.07467).
 *
 * <p>Visited with prefix {@code p}, its parameter is named {@code p}.
 */
public final class RmsNorm implements Layer {
    private final Tensor weight;
    private final dev.eva.tensor.ops.RmsNorm op;

    /** A layer over the gains {@code weight} (D), which are not copied and become a parameter. */
    public RmsNorm(Tensor weight, float eps) {
        if (weight.shape().rank() != 1) {
            throw new IllegalArgumentException("rms norm: weight has shape " + weight.shape() + "; need (dim)");
        }
        if (!(eps > 0)) {
            throw new IllegalArgumentException("rms norm: eps " + eps + "; need more than 0");
        }
        this.weight = weight.requiresGrad(true);
        this.op = new dev.eva.tensor.ops.RmsNorm(eps);
    }

    /** Gains of one. */
    public RmsNorm(int dim, float eps) {
        this(Init.ones(dim), eps);
    }

    /** (..., D) -> (..., D). */
    public Tensor forward(Tensor x) {
        return op.of(x, weight);
    }

    /** The gains (D). */
    public Tensor weight() {
        return weight;
    }

    /** Added to the mean square. */
    public float eps() {
        return op.eps();
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        visitor.accept(Parameter.norm(prefix, weight));
    }
}
