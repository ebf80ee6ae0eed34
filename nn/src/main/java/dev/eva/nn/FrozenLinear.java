package dev.eva.nn;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.function.Consumer;

/**
 * {@code y = x W^T} with a weight that stays where and as it is stored: mapped, in 32, 16 or 8 bits. It has no
 * parameters, and a gradient through it is an error.
 */
public final class FrozenLinear implements Projection {
    private final FrozenMatrix matrix;
    private final PreparedWeight prepared;
    private final dev.eva.tensor.ops.Linear product;

    public FrozenLinear(FrozenMatrix matrix) {
        this.matrix = matrix;
        this.prepared = PreparedWeight.frozen(matrix);
        this.product = new dev.eva.tensor.ops.Linear(prepared);
    }

    @Override
    public Tensor forward(Tensor x) {
        return product.of(x);
    }

    @Override
    public int inFeatures() {
        return matrix.cols();
    }

    @Override
    public int outFeatures() {
        return matrix.rows();
    }

    @Override
    public Tensor weight() {
        float[] w = new float[Math.multiplyExact(matrix.rows(), matrix.cols())];
        for (int i = 0; i < matrix.rows(); i++) {
            matrix.widen(i, 0, matrix.cols(), w, i * matrix.cols());
        }
        return Tensor.wrap(w, 0, Shape.of(matrix.rows(), matrix.cols()));
    }

    @Override
    public PreparedWeight prepared() {
        return prepared;
    }

    @Override
    public int version() {
        return 0;
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        // Nothing to train, nothing to save.
    }
}
