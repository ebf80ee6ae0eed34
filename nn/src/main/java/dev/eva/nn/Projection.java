package dev.eva.nn;

import dev.eva.tensor.Tensor;

/** {@code y = x W^T}: whoever multiplies by a weight never asks how it is stored. */
public interface Projection extends Layer {
    /** (..., in) -> (..., out). */
    Tensor forward(Tensor x);

    int inFeatures();

    int outFeatures();
}
