package dev.eva.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A frozen matrix of bfloat16: the upper half of a float32.
 *
 * @param values {@code rows * cols} values, row-major, little endian
 */
public record Bf16Matrix(MemorySegment values, int rows, int cols) implements FrozenMatrix {
    private static final StoredKernel KERNEL = Kernels.find(StoredKernel.class, StoredKernel.REFERENCE);

    public Bf16Matrix {
        Objects.checkFromIndexSize(0L, 2L * rows * cols, values.byteSize());
    }

    @Override
    public long bytes() {
        return 2L * rows * cols;
    }

    @Override
    public int fewRows() {
        return StoredKernel.FEW_ROWS;
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        KERNEL.widenBf16(values, (long) row * cols + col, count, out, outOffset);
    }

    @Override
    public void turn(int row, int count, int col, int length, float[] out, int outOffset, int outRow) {
        KERNEL.turnBf16(values, (long) row * cols + col, cols, count, length, out, outOffset, outRow);
    }

    @Override
    public void multiply(int m, float[] x, int xOffset, int xRow, int from, int to, float[] y, int yOffset, int yRow) {
        KERNEL.multiplyBf16(m, cols, x, xOffset, xRow, values, from, to, y, yOffset, yRow);
    }
}
