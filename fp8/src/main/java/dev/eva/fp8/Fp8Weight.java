package dev.eva.fp8;

import dev.eva.tensor.kernel.FrozenMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A stored FP8 weight: {@code W[i][j] = decode(codes[i * cols + j]) * scales[i / 128][j / 128]}, the layout of
 * DeepSeek-V3's checkpoints (arXiv:2412.19437, section 3.3.2).
 *
 * @param codes {@code rows * cols} codes, row-major, perhaps a mapped file
 * @param scales {@code ceil(rows / 128) * ceil(cols / 128)} scales, row-major
 */
public record Fp8Weight(Fp8Format format, MemorySegment codes, float[] scales, int rows, int cols)
        implements FrozenMatrix {
    public Fp8Weight {
        Objects.checkFromIndexSize(0L, (long) rows * cols, codes.byteSize());
        int gridRows = Fp8Blocks.blocks(rows);
        int gridCols = Fp8Blocks.blocks(cols);
        if (scales.length != gridRows * gridCols) {
            throw new IllegalArgumentException("fp8 weight: " + scales.length + " scales for (" + rows + ", " + cols
                    + "); need (" + gridRows + ", " + gridCols + ")");
        }
    }

    @Override
    public long bytes() {
        return (long) rows * cols + 4L * scales.length;
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        long at = (long) row * cols + col;
        int scaleRow = row / Fp8Blocks.BLOCK * Fp8Blocks.blocks(cols);
        for (int j = 0; j < count; j++) {
            float scale = scales[scaleRow + (col + j) / Fp8Blocks.BLOCK];
            out[outOffset + j] = format.decode(codes.get(ValueLayout.JAVA_BYTE, at + j)) * scale;
        }
    }
}
