package dev.eva.tensor.kernel;

import dev.eva.tensor.Tensor;

/**
 * A weight {@code W} of shape (n, k), or (G, n, k) for grouped products, with what the kernels made of it: prepared
 * once for
 * {@code x W^T} and once for {@code dY W}, again only after the weight has been written ({@link Tensor#markWritten()}).
 * A frozen weight has the first form alone, and no tensor.
 *
 * <p>Owned by the layer that owns the weight; not for use by several threads at once.
 */
public final class PreparedWeight {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    /** Null if frozen. */
    private final Tensor weight;

    private final boolean grouped;
    private final int groups;
    private final int outFeatures;
    private final int inFeatures;
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
        this.grouped = rank == 3;
        this.groups = grouped ? weight.dim(0) : 1;
        this.outFeatures = weight.dim(-2);
        this.inFeatures = weight.dim(-1);
    }

    private PreparedWeight(FrozenMatrix[] matrices) {
        this.weight = null;
        this.groups = matrices.length;
        this.grouped = groups > 1;
        this.outFeatures = matrices[0].rows();
        this.inFeatures = matrices[0].cols();
        for (FrozenMatrix m : matrices) {
            if (m.rows() != outFeatures || m.cols() != inFeatures) {
                throw new IllegalArgumentException("weight: matrices of (" + outFeatures + ", " + inFeatures + ") and ("
                        + m.rows() + ", " + m.cols() + "); need one size");
            }
        }
        this.forward = GEMM.prepare(matrices);
    }

    /** One weight, or one a group, that never changes and is read where it is stored. */
    public static PreparedWeight frozen(FrozenMatrix... matrices) {
        return new PreparedWeight(matrices);
    }

    /** Whether there is one matrix for each group of rows, even if only one. */
    public boolean isGrouped() {
        return grouped;
    }

    /** Whether the weight is frozen: without tensor and gradient. */
    public boolean isFrozen() {
        return weight == null;
    }

    /**
     * The weight itself.
     *
     * @throws IllegalStateException if it is frozen
     */
    public Tensor weight() {
        if (isFrozen()) {
            throw new IllegalStateException("weight: a frozen weight has no tensor; load the model for training");
        }
        return weight;
    }

    /** Number of matrices. */
    public int groups() {
        return groups;
    }

    /** Rows of each matrix: output features. */
    public int outFeatures() {
        return outFeatures;
    }

    /** Columns of each matrix: input features. */
    public int inFeatures() {
        return inFeatures;
    }

    /** The sizes as {@code (512, 128)}, for messages. */
    public String sizes() {
        return "(" + (grouped ? groups + ", " : "") + outFeatures + ", " + inFeatures + ")";
    }

    /** The right operand of {@code y = x W^T}. */
    public Gemm.Prepared forward() {
        if (isFrozen()) {
            return forward;
        }
        if (forward == null || forwardVersion != weight.version()) {
            int k = inFeatures();
            int n = outFeatures();
            forward = GEMM.prepare(groups(), k, n, weight.array(), weight.offset(), n * k, 1, k, forward);
            forwardVersion = weight.version();
        }
        return forward;
    }

    /**
     * The right operand of {@code dX = dY W}.
     *
     * @throws IllegalStateException if the weight is frozen
     */
    public Gemm.Prepared backward() {
        if (isFrozen()) {
            throw new IllegalStateException("gradient: the weight is frozen; load the model for training");
        }
        if (backward == null || backwardVersion != weight.version()) {
            int k = outFeatures();
            int n = inFeatures();
            backward = GEMM.prepare(groups(), k, n, weight.array(), weight.offset(), n * k, n, 1, backward);
            backwardVersion = weight.version();
        }
        return backward;
    }
}
