package dev.eva.nn;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.PreparedWeight;

/** {@code y = x W^T}: whoever multiplies by a weight never asks how it is stored. */
public interface Projection extends Layer {
    /** (..., in) -> (..., out). */
    Tensor forward(Tensor x);

    int inFeatures();

    int outFeatures();

    /**
     * {@code W} (out, in) in F32, for what regroups a weight instead of multiplying by it (the absorbed form of latent
     * attention). A trainable layer shows its own tensor; frozen storage widens a copy with every call, so keep what
     * you make of it until {@link #version()} changes.
     */
    Tensor weight();

    /** The weight as products take it, for what has several of them in one. */
    PreparedWeight prepared();

    /** Changes whenever the weight does; a frozen weight always answers the same. */
    int version();
}
