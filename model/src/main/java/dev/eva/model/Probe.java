package dev.eva.model;

import dev.eva.tensor.Tensor;

/**
 * Looks at what flows through a forward pass without changing it: golden comparisons, pictures, statistics.
 *
 * <p>Names and shapes, with M = B*T rows: {@code hidden} (M, D), layer -1 for the embeddings and l for the residual
 * stream after layer l;
 * {@code attn} (M, D), the output of attention before it is added; {@code router.logits} (M, E); {@code norm} (M, D),
 * layer -1: the final norm. Multi-token prediction layers are numbered on after the decoder layers and have
 * {@code mtp.input} (M, D) too, what their decoder layer gets. A tensor is valid during the call only.
 */
@FunctionalInterface
public interface Probe {
    /** Looks at nothing. */
    Probe NONE = (name, layer, value) -> {};

    void on(String name, int layer, Tensor value);
}
