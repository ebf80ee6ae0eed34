package dev.eva.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * A frozen matrix of IEEE 754 half precision.
 *
 * @param values {@code rows * cols} values, row-major, little endian
 */
public record F16Matrix(MemorySegment values, int rows, int cols) implements FrozenMatrix {
    private static final ValueLayout.OfShort LAYOUT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public F16Matrix {
        Objects.checkFromIndexSize(0L, 2L * rows * cols, values.byteSize());
    }

    @Override
    public long bytes() {
        return 2L * rows * cols;
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        long at = 2L * ((long) row * cols + col);
        for (int j = 0; j < count; j++) {
            out[outOffset + j] = Float.float16ToFloat(values.get(LAYOUT, at + 2L * j));
        }
    }
}
