package dev.eva.nn.optim;

import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.ops.Totals;
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
        double squares = 0;
        for (Parameter p : parameters) {
            if (p.value().grad() != null) {
                squares += Totals.sumOfSquares(p.value().grad());
            }
        }
        double norm = Math.sqrt(squares);
        double scale = maxNorm / (norm + EPS);
        if (Double.isFinite(norm) && scale < 1) {
            for (Parameter p : parameters) {
                if (p.value().grad() != null) {
                    scale(p.value().grad(), (float) scale);
                }
            }
        }
        return norm;
    }

    private static void scale(Tensor g, float factor) {
        Parallel.elements(
                g.size(),
                (from, to) -> ELEMENTWISE.scale(
                        to - from, factor, g.array(), g.offset() + from, g.array(), g.offset() + from));
    }
}
