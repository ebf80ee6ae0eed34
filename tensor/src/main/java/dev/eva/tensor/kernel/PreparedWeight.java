package dev.eva.tensor.kernel;

import dev.eva.tensor.Tensor;

/**
 * A weight {@code W} of shape (n, k), or (G, n, k) for grouped products, with what the kernels made of it: prepared
 * once for
 * {@code x W^T} and once for {@code dY W}, again only after the weight has been written ({@link Tensor#markWritten()}).
 *
 * <p>Owned by the layer that owns the weight; not for use by several threads at once.
 */
public final class PreparedWeight {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    private final Tensor weight;
    private Gemm.Prepared forward;
    private Gemm.Prepared backward;
    private int forwardVersion = -1;
    private int backwardVersion = -1;

    public PreparedWeight(Tensor weight) {
        int rank = weight.shape().rank();
        if (rank != 2 && rank != 3) {
            throw new IllegalArgumentException(
                    "weight: shape " + weight.shape() + "; need (out, in) or (groups, out, in)");
        }
        this.weight = weight;
    }

    /** The weight itself. */
    public Tensor weight() {
        return weight;
    }

    /** Number of matrices. */
    public int groups() {
        return weight.shape().rank() == 2 ? 1 : weight.dim(0);
    }

    /** Rows of each matrix: output features. */
    public int outFeatures() {
        return weight.dim(-2);
    }

    /** Columns of each matrix: input features. */
    public int inFeatures() {
        return weight.dim(-1);
    }

    /** The right operand of {@code y = x W^T}. */
    public Gemm.Prepared forward() {
        if (forward == null || forwardVersion != weight.version()) {
            int k = inFeatures();
            int n = outFeatures();
            forward = GEMM.prepare(groups(), k, n, weight.array(), weight.offset(), n * k, 1, k, forward);
            forwardVersion = weight.version();
        }
        return forward;
    }

    /** The right operand of {@code dX = dY W}. */
    public Gemm.Prepared backward() {
        if (backward == null || backwardVersion != weight.version()) {
            int k = outFeatures();
            int n = inFeatures();
            backward = GEMM.prepare(groups(), k, n, weight.array(), weight.offset(), n * k, n, 1, backward);
            backwardVersion = weight.version();
        }
        return backward;
    }
}
