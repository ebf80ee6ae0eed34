package dev.eva.nn.optim;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.ops.Totals;
import java.util.ArrayList;
import java.util.List;

/** Keeps the norm of the whole gradient within bounds. */
public final class GradClip {
    private static final Elementwise ELEMENTWISE = Kernels.find(Elementwise.class, Elementwise.REFERENCE);
    private static final double EPS = 1e-6;

    private GradClip() {}

    /**
     * {@code g *= min(1, maxNorm / (|g| + 1e-6))} over all gradients together.
     *
     * @return {@code |g|} before, summed in float64 in a fixed order. Not finite if any element of a gradient is not:
     *     the gradients are then left as they are, and no step should be made with them
     */
    public static double clip(List<Parameter> parameters, float maxNorm) {
        if (!(maxNorm > 0)) {
            throw new IllegalArgumentException("clip: largest norm " + maxNorm + "; need more than 0");
        }
        double norm = norm(parameters);
        float factor = factor(norm, maxNorm);
        if (factor < 1f) {
            for (Parameter p : parameters) {
                if (p.value().grad() != null) {
                    scale(p.value().grad(), factor);
                }
            }
        }
        return norm;
    }

    /** {@code |g|} over all gradients together, summed in float64 in a fixed order. */
    public static double norm(List<Parameter> parameters) {
        List<Tensor> gradients = new ArrayList<>(parameters.size());
        for (Parameter p : parameters) {
            if (p.value().grad() != null) {
                gradients.add(p.value().grad());
            }
        }
        return Math.sqrt(Totals.sumOfSquares(gradients));
    }

    /** {@code min(1, maxNorm / (norm + 1e-6))}, for an optimizer that scales gradients as it reads them. */
    public static float factor(double norm, float maxNorm) {
        double factor = maxNorm / (norm + EPS);
        return Double.isFinite(norm) && factor < 1 ? (float) factor : 1f;
    }

    private static void scale(Tensor g, float factor) {
        Parallel.elements(
                g.size(),
                (from, to) -> ELEMENTWISE.scale(
                        to - from, factor, g.array(), g.offset() + from, g.array(), g.offset() + from));
    }
}
