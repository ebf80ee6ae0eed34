package dev.eva.tensor.kernel;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;

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

    /** What its products round first, or null. */
    private final OperandRounding rounding;
    /** Matrices that are rounded apart. */
    private final int matrices;
    /** The weight as products see it, where they round it. */
    private float[] rounded;

    private int roundedVersion = -1;

    private final boolean grouped;
    private final int groups;
    private final int outFeatures;
    private final int inFeatures;
    private Gemm.Prepared forward;
    private Gemm.Prepared backward;
    private int forwardVersion = -1;
    /** Products with this version, and whether there was one at most with the one before. */
    private int forwardUses;

    private boolean usedOnce;
    private int backwardVersion = -1;

    /** A weight whose products are in float32. */
    public PreparedWeight(Tensor weight) {
        this(weight, null, 1);
    }

    /**
     * A weight whose products round their operands first.
     *
     * @param rounding of this weight alone, or null
     * @param matrices how many matrices it consists of, which are rounded apart
     */
    public PreparedWeight(Tensor weight, OperandRounding rounding, int matrices) {
        int rank = weight.shape().rank();
        if (rank != 2 && rank != 3) {
            throw new IllegalArgumentException(
                    "weight: shape " + weight.shape() + "; need (out, in) or (groups, out, in)");
        }
        this.weight = weight;
        this.rounding = rounding;
        this.matrices = matrices;
        this.grouped = rank == 3;
        this.groups = grouped ? weight.dim(0) : 1;
        this.outFeatures = weight.dim(-2);
        this.inFeatures = weight.dim(-1);
    }

    private PreparedWeight(FrozenMatrix[] matrices) {
        this.weight = null;
        this.rounding = null;
        this.matrices = 1;
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

    /** What its products round first, or null. */
    public OperandRounding rounding() {
        return rounding;
    }

    /** The values that products see, from index {@link #offset} on. */
    private float[] values() {
        if (rounding == null) {
            return weight.array();
        }
        if (rounded == null || roundedVersion != weight.version()) {
            rounded = rounded == null ? new float[weight.size()] : rounded;
            int rows = weight.size() / inFeatures / matrices;
            rounding.weight(matrices, rows, inFeatures, weight.array(), weight.offset(), rounded);
            roundedVersion = weight.version();
        }
        return rounded;
    }

    private int offset() {
        return rounding == null ? weight.offset() : 0;
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
        if (forwardVersion != weight.version()) {
            usedOnce = forwardUses <= 1;
            forwardUses = 0;
        }
        if (forward == null || forwardVersion != weight.version()) {
            int k = inFeatures();
            int n = outFeatures();
            Gemm.Prepared memory = forward != null ? forward : Workspace.takeSpare(groups(), k, n);
            forward = GEMM.prepare(groups(), k, n, values(), offset(), n * k, 1, k, memory);
            forwardVersion = weight.version();
        }
        return forward;
    }

    /**
     * Says that a product with {@link #forward()} is over. A weight that is multiplied once a change, as in a step of
     * one micro-batch, then leaves its packed form's memory to the next of its sizes: all of them together are as large
     * as the weights, and what was just packed is still in a cache. With the second product of a version it keeps it.
     */
    public void rest() {
        if (!isFrozen() && ++forwardUses == 1 && usedOnce && Workspace.giveSpare(forward)) {
            forward = null;
        }
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
            backward = GEMM.prepare(groups(), k, n, values(), offset(), n * k, n, 1, backward);
            backwardVersion = weight.version();
        }
        return backward;
    }
}
