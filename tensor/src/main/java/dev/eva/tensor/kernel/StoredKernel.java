package dev.eva.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The loops over weights that stay in memory as float32 or bfloat16, little endian, single-threaded. Weights are
 * row-major from the segment's start; {@code x[i][p] = x[xOffset + i * xRow + p]}, {@code y[i][j] = y[yOffset + i *
 * yRow + j]}.
 *
 * <p>An element of a product has the same bits whatever {@code m}, {@code from} and {@code to} are.
 */
public interface StoredKernel {
    /** The scalar reference. */
    StoredKernel REFERENCE = new StoredKernel() {};

    /** Rows of x that one pass over the weights can serve; measured: from about there on packed panels win. */
    int FEW_ROWS = 16;

    ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** {@code out_i = w_(first + i)}, bfloat16. */
    default void widenBf16(MemorySegment w, long first, int n, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = Float.intBitsToFloat(w.get(I16, 2 * (first + i)) << 16);
        }
    }

    /**
     * Rows become columns: {@code out[outOffset + p * outRow + j] = w_(first + j * cols + p)} for {@code j < count} and
     * {@code p < length}, float32.
     */
    default void turnF32(
            MemorySegment w, long first, int cols, int count, int length, float[] out, int outOffset, int outRow) {
        for (int j = 0; j < count; j++) {
            long at = first + (long) j * cols;
            for (int p = 0; p < length; p++) {
                out[outOffset + p * outRow + j] = w.get(F32, 4 * (at + p));
            }
        }
    }

    /** As {@link #turnF32}, bfloat16. */
    default void turnBf16(
            MemorySegment w, long first, int cols, int count, int length, float[] out, int outOffset, int outRow) {
        for (int j = 0; j < count; j++) {
            long at = first + (long) j * cols;
            for (int p = 0; p < length; p++) {
                out[outOffset + p * outRow + j] = Float.intBitsToFloat(w.get(I16, 2 * (at + p)) << 16);
            }
        }
    }

    /**
     * Words of 32 bits turned over, whatever they hold: {@code out[outOffset + q * rows + r]} is word q of row r, for
     * {@code q < n}; a row begins {@code stride} bytes after the one before, the first at byte {@code from}.
     */
    default void turnWords(MemorySegment w, long from, long stride, int rows, int n, int[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            long at = from + r * stride;
            for (int q = 0; q < n; q++) {
                out[outOffset + q * rows + r] = w.get(I32, at + 4L * q);
            }
        }
    }

    /** {@code y[i][j] = sum_p x[i][p] w[j][p]} for m rows of x and rows {@code [from, to)} of w, float32. */
    default void multiplyF32(
            int m,
            int cols,
            float[] x,
            int xOffset,
            int xRow,
            MemorySegment w,
            int from,
            int to,
            float[] y,
            int yOffset,
            int yRow) {
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                float sum = 0f;
                for (int p = 0; p < cols; p++) {
                    sum += x[xOffset + i * xRow + p] * w.get(F32, 4 * ((long) j * cols + p));
                }
                y[yOffset + i * yRow + j] = sum;
            }
        }
    }

    /** As {@link #multiplyF32}, bfloat16. */
    default void multiplyBf16(
            int m,
            int cols,
            float[] x,
            int xOffset,
            int xRow,
            MemorySegment w,
            int from,
            int to,
            float[] y,
            int yOffset,
            int yRow) {
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                float sum = 0f;
                for (int p = 0; p < cols; p++) {
                    float v = Float.intBitsToFloat(w.get(I16, 2 * ((long) j * cols + p)) << 16);
                    sum += x[xOffset + i * xRow + p] * v;
                }
                y[yOffset + i * yRow + j] = sum;
            }
        }
    }
}
