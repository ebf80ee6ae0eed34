package dev.eva.fp8;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import java.util.Objects;

/**
 * A matrix in FP8: {@code W[i][j] = decode(codes[i * cols + j]) * scales[tile of (i, j)]}.
 *
 * @param format what a code means
 * @param tiling which elements share a scale
 * @param rows number of rows
 * @param cols number of columns
 * @param codes {@code rows * cols} codes, row-major
 * @param scales {@code gridRows * gridCols} scales, row-major
 */
public record Fp8Matrix(Fp8Format format, Fp8Tiling tiling, int rows, int cols, byte[] codes, float[] scales) {
    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);

    public Fp8Matrix {
        if (rows < 1 || cols < 1 || (long) rows * cols != codes.length) {
            throw new IllegalArgumentException("fp8 matrix: (" + rows + ", " + cols + ") with " + codes.length
                    + " codes; need at least a row and a column, and a code for each element");
        }
        int gridRows = tiling.gridRows(rows);
        int gridCols = tiling.gridCols(cols);
        if ((long) gridRows * gridCols != scales.length) {
            throw new IllegalArgumentException("fp8 matrix: " + scales.length + " scales for (" + rows + ", " + cols
                    + ") in tiling " + tiling + "; need (" + gridRows + ", " + gridCols + ")");
        }
    }

    /** A matrix of zeros, to be filled by {@link Fp8Quantizer#quantize(float[], int, Fp8Matrix)}. */
    public static Fp8Matrix zeros(Fp8Format format, Fp8Tiling tiling, int rows, int cols) {
        if (rows < 1 || cols < 1) {
            throw new IllegalArgumentException(
                    "fp8 matrix: (" + rows + ", " + cols + "); need at least a row and a column");
        }
        int scales = tiling.gridRows(rows) * tiling.gridCols(cols);
        return new Fp8Matrix(
                format, tiling, rows, cols, new byte[Math.multiplyExact(rows, cols)], new float[scales]);
    }

    /** The scale of an element. */
    public float scale(int row, int col) {
        return scales[row / tiling.height(rows) * tiling.gridCols(cols) + col / tiling.width(cols)];
    }

    /** Bytes of codes and scales. */
    public long bytes() {
        return codes.length + (long) Float.BYTES * scales.length;
    }

    /** The matrix in float32, {@code (rows, cols)}. */
    public Tensor dequantize() {
        float[] out = new float[codes.length];
        dequantize(out, 0);
        return Tensor.wrap(out, 0, Shape.of(rows, cols));
    }

    /** Writes {@code rows * cols} values in float32 from {@code outOffset} on, on all threads. */
    public void dequantize(float[] out, int outOffset) {
        Objects.checkFromIndexSize(outOffset, codes.length, out.length);
        Parallel.rows(rows, cols, (from, to) -> {
            for (int i = from; i < to; i++) {
                dequantizeRow(i, out, outOffset);
            }
        });
    }

    private void dequantizeRow(int row, float[] out, int outOffset) {
        int at = row * cols;
        int scaleAt = row / tiling.height(rows) * tiling.gridCols(cols);
        int width = tiling.width(cols);
        if (tiling == Fp8Tiling.TILE_128X1) {
            KERNEL.dequantizeEach(format, cols, codes, at, scales, scaleAt, out, outOffset + at);
            return;
        }
        for (int j = 0; j < cols; j += width, scaleAt++) {
            int n = Math.min(width, cols - j);
            KERNEL.dequantize(format, n, scales[scaleAt], codes, at + j, out, outOffset + at + j);
        }
    }
}
