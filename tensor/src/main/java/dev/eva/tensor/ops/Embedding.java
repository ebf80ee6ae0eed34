package dev.eva.tensor.ops;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/** A row of a table a token: {@code y_i = W_(ids_i)}. Shapes: ids (...), W (V, D) -> (ids.size(), D). */
public record Embedding(IntTensor ids) implements Op {
    /** {@code W_(ids_i)}; {@code ids} must not change until the backward pass is over. */
    public static Tensor embedding(IntTensor ids, Tensor weight) {
        return new Embedding(ids).of(weight);
    }

    /** {@code W_(ids_i)}. */
    public Tensor of(Tensor weight) {
        return Tape.apply(this, weight);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        return RowGather.gather(ctx, "embedding", in[0], ids.array());
    }

    /** {@code dW_v = sum of dOut_i over i with ids_i == v}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        return new Tensor[] {RowGather.scatter(ctx, ids.array(), dOut)};
    }
}
