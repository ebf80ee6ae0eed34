package dev.eva.nn;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;

/** {@code y_i = W[ids_i]}: whoever looks up a token never asks how the table is stored. */
public interface Lookup extends Layer {
    /** (...) ids -> (ids, D). */
    Tensor forward(IntTensor ids);
}
