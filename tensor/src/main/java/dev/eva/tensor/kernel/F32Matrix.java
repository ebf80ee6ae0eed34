package dev.eva.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A frozen matrix of float32.
 *
 * @param values {@code rows * cols} values, row-major, little endian
 */
public record F32Matrix(MemorySegment values, int rows, int cols) implements FrozenMatrix {
    private static final ValueLayout.OfFloat LAYOUT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public F32Matrix {
        Objects.checkFromIndexSize(0L, 4L * rows * cols, values.byteSize());
    }

    @Override
    public long bytes() {
        return 4L * rows * cols;
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        long at = 4L * ((long) row * cols + col);
        for (int j = 0; j < count; j++) {
            out[outOffset + j] = values.get(LAYOUT, at + 4L * j);
        }
    }
}
