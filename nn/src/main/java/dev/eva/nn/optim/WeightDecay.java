package dev.eva.nn.optim;

import dev.eva.nn.Parameter;
import java.util.function.Predicate;

/**
 * Decoupled weight decay (arXiv:1711.05101): before a step, {@code p *= 1 - lr * rate}.
 *
 * @param rate per unit of learning rate
 * @param which the parameters that decay
 */
public record WeightDecay(float rate, Predicate<Parameter> which) {
    public WeightDecay {
        if (!(rate >= 0) || rate == Float.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("weight decay: rate " + rate + "; need 0 or more");
        }
    }

    /** Every matrix (embedding and head too), no gains: a gain that decays scales its layer, not its complexity. */
    public static WeightDecay matrices(float rate) {
        return new WeightDecay(rate, WeightDecay::isMatrix);
    }

    /** Everything, gains too, as Moonlight trains with Muon (arXiv:2502.16982). */
    public static WeightDecay all(float rate) {
        return new WeightDecay(rate, p -> true);
    }

    /** The rate of a parameter, 0 where it does not decay. */
    public float of(Parameter p) {
        return which.test(p) ? rate : 0f;
    }

    private static boolean isMatrix(Parameter p) {
        return switch (p.role()) {
            case EMBEDDING, MATRIX, HEAD -> true;
            case NORM, BUFFER -> false;
        };
    }
}
