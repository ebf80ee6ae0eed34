package dev.eva.nn;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.PreparedWeight;

/**
 * Where the weights of layers come from: fresh numbers for training ({@link FreshWeights}), or a checkpoint that is
 * read where it lies. Layers are built the same way from either, and name what they want as {@link Layer#visit} does.
 */
public interface WeightSource {
    /** {@code y = x W^T} with W (out, in). */
    Projection linear(String name, int out, int in);

    /** Several matrices of one size that read the same input, one below the other: W (out, in) in all. */
    Projection stacked(String name, int matrices, int out, int in);

    /** The output head, W (vocabulary, D). */
    Projection head(String name, int vocabulary, int in);

    /** One weight (out, in) a group, of several matrices of one size, one below the other: the experts. */
    PreparedWeight grouped(String name, int groups, int matrices, int out, int in);

    /** A table (vocabulary, D) with a row a token. */
    Lookup embedding(String name, int vocabulary, int dim);

    /** Values that are always in float32 and small: a router's matrix. */
    Tensor matrix(String name, int rows, int cols);

    /** Gains (dim), one each where they are fresh. */
    Tensor gains(String name, int dim);

    /** A vector (n) that is saved but not trained, zeros where it is fresh. */
    Tensor buffer(String name, int n);
}
