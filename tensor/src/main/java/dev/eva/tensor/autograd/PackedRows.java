package dev.eva.tensor.autograd;

import dev.eva.tensor.ByteBlock;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.RowPacking;
import java.util.function.IntUnaryOperator;

/** A tensor in a byte an element and scales, which a tape keeps for the backward pass in place of the tensor. */
public final class PackedRows {
    private final RowPacking packing;
    private final Shape shape;
    private final ByteBlock codes;
    private final Tensor scales;
    /** Ops that still need it. */
    private int holders;

    PackedRows(RowPacking packing, Tensor x) {
        this.packing = packing;
        this.shape = x.shape();
        int rows = x.rows();
        int cols = x.dim(-1);
        int perRow = packing.scales(cols);
        this.codes = Workspace.bytes(x.size());
        this.scales = Workspace.empty(rows, perRow);
        Workspace.hold(scales);
        Parallel.rows(rows, cols, (from, to) -> {
            for (int i = from; i < to; i++) {
                packing.pack(
                        cols,
                        x.array(),
                        x.offset() + i * cols,
                        codes.array(),
                        i * cols,
                        scales.array(),
                        scales.offset() + i * perRow);
            }
        });
    }

    RowPacking packing() {
        return packing;
    }

    /** The shape of what was packed. */
    public Shape shape() {
        return shape;
    }

    /** The values, in memory of {@code ctx}. */
    public Tensor unpack(Ctx ctx) {
        return unpack(ctx.empty(shape), i -> i);
    }

    /** Rows {@code rowOf(0), rowOf(1), ...} of the values, into {@code out} (n, cols). */
    public Tensor unpack(Tensor out, IntUnaryOperator rowOf) {
        int cols = shape.dim(-1);
        int perRow = scales.dim(1);
        Parallel.rows(out.rows(), cols, (from, to) -> {
            for (int i = from; i < to; i++) {
                int row = rowOf.applyAsInt(i);
                packing.unpack(
                        cols,
                        codes.array(),
                        row * cols,
                        scales.array(),
                        scales.offset() + row * perRow,
                        out.array(),
                        out.offset() + i * cols);
            }
        });
        return out;
    }

    void hold() {
        holders++;
    }

    /** One op less; the memory goes back with the last. */
    void release() {
        if (--holders == 0) {
            Workspace.release(codes);
            Workspace.release(scales);
        }
    }
}
