package dev.eva.tensor.ops;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/**
 * Rows of a matrix, in any order and any number of times: {@code y_i = x_(rows[i])}. Shapes: x (M, D) -> (rows.length,
 * D).
 *
 * @param rows row numbers
 */
public record GatherRows(int[] rows) implements Op {
    /** {@code x_(rows[i])}; {@code rows} must not change until the backward pass is over. */
    public static Tensor gatherRows(Tensor x, int[] rows) {
        return Tape.apply(new GatherRows(rows), x);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        return RowGather.gather(ctx, "gatherRows", in[0], rows);
    }

    /** {@code dX_r = sum of dOut_i over i with rows[i] == r}, added in the order of i. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        return new Tensor[] {RowGather.scatter(ctx, rows, dOut)};
    }
}
