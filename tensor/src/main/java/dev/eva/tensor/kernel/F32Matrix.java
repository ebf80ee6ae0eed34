package dev.eva.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A frozen matrix of float32.
 *
 * @param values {@code rows * cols} values, row-major, little endian
 */
public record F32Matrix(MemorySegment values, int rows, int cols) implements FrozenMatrix {
    private static final StoredKernel KERNEL = Kernels.find(StoredKernel.class, StoredKernel.REFERENCE);

    public F32Matrix {
        Objects.checkFromIndexSize(0L, 4L * rows * cols, values.byteSize());
    }

    @Override
    public long bytes() {
        return 4L * rows * cols;
    }

    @Override
    public int fewRows() {
        return StoredKernel.FEW_ROWS;
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        long at = 4L * ((long) row * cols + col);
        MemorySegment.copy(values, StoredKernel.F32, at, out, outOffset, count);
    }

    @Override
    public void turn(int row, int count, int col, int length, float[] out, int outOffset, int outRow) {
        KERNEL.turnF32(values, (long) row * cols + col, cols, count, length, out, outOffset, outRow);
    }

    @Override
    public void multiply(int m, float[] x, int xOffset, int xRow, int from, int to, float[] y, int yOffset, int yRow) {
        KERNEL.multiplyF32(m, cols, x, xOffset, xRow, values, from, to, y, yOffset, yRow);
    }
}
