package dev.eva.nn;

import dev.eva.nn.init.Init;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.OperandRounding;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * {@code y = x W^T}, trainable, F32, without bias.
 *
 * <p>Visited with prefix {@code p}, its parameter is named {@code p}: the weight is all that it has.
 */
public final class Linear implements Projection {
    private final PreparedWeight prepared;
    private final dev.eva.tensor.ops.Linear product;
    private final Parameter.Role role;
    private final int matrixRows;

    private Linear(Tensor weight, Parameter.Role role, int matrices, OperandRounding rounding) {
        if (weight.shape().rank() != 2) {
            throw new IllegalArgumentException("linear: weight has shape " + weight.shape() + "; need (out, in)");
        }
        this.prepared = new PreparedWeight(weight.requiresGrad(true), rounding, matrices);
        this.product = new dev.eva.tensor.ops.Linear(prepared);
        this.role = role;
        this.matrixRows = weight.dim(0) / matrices;
    }

    /** A layer over {@code weight} (out, in), which is not copied and becomes a parameter. */
    public Linear(Tensor weight) {
        this(weight, Parameter.Role.MATRIX, 1, null);
    }

    /** A layer whose products round their operands first, as {@code rounding} (null: not at all) says. */
    Linear(Tensor weight, OperandRounding rounding) {
        this(weight, Parameter.Role.MATRIX, 1, rounding);
    }

    /** Fresh weights {@code N(0, std^2)} of shape (out, in). */
    public Linear(int out, int in, float std, RandomGenerator random) {
        this(Init.normal(std, random, out, in));
    }

    /** The output head over {@code weight} (V, D): the same product, but optimised as a {@link Parameter.Role#HEAD}. */
    public static Linear head(Tensor weight) {
        return new Linear(weight, Parameter.Role.HEAD, 1, null);
    }

    /**
     * Several matrices of the same size that read the same input, one below the other in {@code weight} (matrices *
     * out, in): one product in place of several, but optimised one by one.
     */
    public static Linear stacked(Tensor weight, int matrices) {
        return stacked(weight, matrices, null);
    }

    /** The same with products that round their operands first. */
    static Linear stacked(Tensor weight, int matrices, OperandRounding rounding) {
        if (matrices < 1 || weight.dim(0) % matrices != 0) {
            throw new IllegalArgumentException(
                    "linear: weight " + weight.shape() + " does not hold " + matrices + " matrices of the same size");
        }
        return new Linear(weight, Parameter.Role.MATRIX, matrices, rounding);
    }

    @Override
    public Tensor forward(Tensor x) {
        return product.of(x);
    }

    @Override
    public Tensor weight() {
        return prepared.weight();
    }

    @Override
    public PreparedWeight prepared() {
        return prepared;
    }

    @Override
    public int version() {
        return prepared.weight().version();
    }

    @Override
    public int inFeatures() {
        return prepared.inFeatures();
    }

    @Override
    public int outFeatures() {
        return prepared.outFeatures();
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        visitor.accept(new Parameter(prefix, prepared.weight(), role, matrixRows));
    }
}
