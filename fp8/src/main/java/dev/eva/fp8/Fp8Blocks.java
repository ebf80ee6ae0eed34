package dev.eva.fp8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A matrix of E4M3 codes with one float32 scale for each block of 128 x 128 (DeepSeek-V3's stored weights, where the
 * scales are
 * called {@code weight_scale_inv} and are multiplied with): {@code W[i][j] = decode(code[i][j]) * scale[i / 128][j /
 * 128]}.
 *
 * <p>The grid of scales is {@code ceil(rows / 128)} by {@code ceil(cols / 128)}; blocks at the right and lower edge
 * may be smaller.
 */
public final class Fp8Blocks {
    /** Rows and columns of a block. */
    public static final int BLOCK = 128;

    private Fp8Blocks() {}

    /** Blocks that cover {@code n} rows or columns: {@code ceil(n / 128)}. */
    public static int blocks(int n) {
        return (n + BLOCK - 1) / BLOCK;
    }

    /**
     * Widens a matrix to float32.
     *
     * @param codes {@code rows * cols} codes, row-major, from offset 0
     * @param scales {@code blocks(rows) * blocks(cols)} scales, row-major
     * @param out receives {@code rows * cols} values from {@code outOffset} on
     */
    public static void dequantize(MemorySegment codes, float[] scales, int rows, int cols, float[] out, int outOffset) {
        int gridCols = blocks(cols);
        if (scales.length != blocks(rows) * gridCols) {
            throw new IllegalArgumentException(
                    "dequantize: " + scales.length + " scales for a matrix (" + rows + ", " + cols + "); need ("
                            + blocks(rows) + ", " + gridCols + "), one for each block of " + BLOCK + " x " + BLOCK);
        }
        Objects.checkFromIndexSize(0L, (long) rows * cols, codes.byteSize());
        Objects.checkFromIndexSize(outOffset, rows * cols, out.length);
        for (int i = 0; i < rows; i++) {
            int scaleRow = i / BLOCK * gridCols;
            for (int b = 0; b < gridCols; b++) {
                float scale = scales[scaleRow + b];
                int end = Math.min(cols, (b + 1) * BLOCK);
                for (int j = b * BLOCK; j < end; j++) {
                    byte code = codes.get(ValueLayout.JAVA_BYTE, (long) i * cols + j);
                    out[outOffset + i * cols + j] = E4m3.decode(code) * scale;
                }
            }
        }
    }
}
