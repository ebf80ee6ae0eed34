package dev.eva.nn.optim;

import dev.eva.tensor.Tensor;
import java.util.List;
import java.util.function.Function;

/**
 * A tensor that an optimiser carries from step to step, as it is now.
 *
 * @param name the parameter's name and what it is: {@code layers.0.attn.wo.m}
 * @param value F32, of the parameter's shape
 */
public record StateTensor(String name, Tensor value) {
    /** Fails before anything is written where a tensor is missing or has another shape. */
    static void check(List<StateTensor> state, Function<String, Tensor> saved) {
        for (StateTensor s : state) {
            Tensor from = saved.apply(s.name);
            if (from == null) {
                throw new IllegalArgumentException("optimizer: saved state lacks " + s.name + " " + s.value.shape()
                        + "; was it saved by another optimizer or another model?");
            }
            if (!from.shape().equals(s.value.shape())) {
                throw new IllegalArgumentException("optimizer: saved state " + s.name + " has shape " + from.shape()
                        + "; need " + s.value.shape());
            }
        }
    }

    static void restore(List<StateTensor> state, Function<String, Tensor> saved) {
        check(state, saved);
        for (StateTensor s : state) {
            s.value.set(saved.apply(s.name));
        }
    }
}
