package dev.eva.nn;

import dev.eva.tensor.Tensor;

/**
 * A named tensor of a layer: what checkpoints hold and optimisers change.
 *
 * @param name path of the layer and DeepSeek's weight name, for example {@code layers.3.attn.wkvB}
 * @param value the values; a leaf with {@code requiresGrad} unless the role is {@link Role#BUFFER}
 * @param role what it is, which decides how it is optimised
 * @param matrixRows rows of each logical matrix: a tensor may hold several of the same size, one below the other
 *     (experts; gate and up projection), and what works on matrices (Muon) must treat them one by one. 0 for vectors
 */
public record Parameter(String name, Tensor value, Role role, int matrixRows) {
    /** What a parameter is. */
    public enum Role {
        /** The token embedding (V, D). */
        EMBEDDING,
        /** A hidden matrix: attention, feed-forward, experts, router. */
        MATRIX,
        /** The output head (V, D). */
        HEAD,
        /** A vector of gains. */
        NORM,
        /** Saved with the model, but not optimised: the routing bias. */
        BUFFER
    }

    /** A single matrix of the given role. */
    public static Parameter matrix(String name, Tensor value, Role role) {
        return new Parameter(name, value, role, value.dim(-2));
    }

    /** A vector of gains. */
    public static Parameter norm(String name, Tensor value) {
        return new Parameter(name, value, Role.NORM, 0);
    }

    /** A buffer. */
    public static Parameter buffer(String name, Tensor value) {
        return new Parameter(name, value, Role.BUFFER, 0);
    }

    /** Columns of each logical matrix. */
    public int matrixCols() {
        return value.dim(-1);
    }

    /** Number of logical matrices. */
    public int matrices() {
        return matrixRows == 0 ? 0 : value.rows() / matrixRows;
    }
}
