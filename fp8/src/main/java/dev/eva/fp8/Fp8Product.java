package dev.eva.fp8;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The loops over a weight that stays in memory as FP8 codes, {@code W[j][p] = decode(code[j * cols + p]) * scale[j /
 * 128][p / 128]}; single-threaded. {@code x[i][p] = x[xOffset + i * xRow + p]}, {@code y[i][j] = y[yOffset + i * yRow +
 * j]}.
 *
 * <p>Partial sums of a block of 128 are added in float32, multiplied with the block's scale, and added up in ascending
 * order (arXiv:2412.19437, section 3.3.2); a fast kernel may multiply x with the scale instead, and add in another
 * order, within 1e-6 of the sum of absolute products. An element has the same bits whatever {@code m}, {@code from} and
 * {@code to}.
 */
public interface Fp8Product {
    /** The scalar reference. */
    Fp8Product REFERENCE = new Fp8Product() {};

    /** {@code out_i = scale * decode(code_(first + i))}. */
    default void widen(
            Fp8Format format, MemorySegment codes, long first, int n, float scale, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = format.decode(codes.get(ValueLayout.JAVA_BYTE, first + i)) * scale;
        }
    }

    /** A strip will be turned over, {@link #turn}: what helps memory may happen before. */
    default void announce(MemorySegment codes, long first, int cols, int count, int length) {}

    /**
     * Rows become columns: {@code out[outOffset + p * outRow + j] = scale * decode(code_(first + j * cols + p))} for
     * {@code j < count} and {@code p < length}.
     */
    default void turn(
            Fp8Format format,
            MemorySegment codes,
            long first,
            int cols,
            int count,
            int length,
            float scale,
            float[] out,
            int outOffset,
            int outRow) {
        for (int j = 0; j < count; j++) {
            long at = first + (long) j * cols;
            for (int p = 0; p < length; p++) {
                out[outOffset + p * outRow + j] = format.decode(codes.get(ValueLayout.JAVA_BYTE, at + p)) * scale;
            }
        }
    }

    /** Whether the n codes from {@code first} on are all numbers: not infinite, and not NaN. */
    default boolean areNumbers(Fp8Format format, MemorySegment codes, long first, long n) {
        for (long i = first; i < first + n; i++) {
            if ((codes.get(ValueLayout.JAVA_BYTE, i) & 0x7F) >= format.firstSpecial()) {
                return false;
            }
        }
        return true;
    }

    /**
     * {@code y[i][j] = sum_p x[i][p] W[j][p]} for m rows of x and the rows {@code [from, to)} of W.
     *
     * @param numbers whether all codes of these rows are numbers, {@link #areNumbers}: to look for others in each
     *     product would cost a tenth of it
     */
    default void multiply(
            Fp8Format format,
            int m,
            int cols,
            float[] x,
            int xOffset,
            int xRow,
            MemorySegment codes,
            float[] scales,
            boolean numbers,
            int from,
            int to,
            float[] y,
            int yOffset,
            int yRow) {
        int grid = Fp8Blocks.blocks(cols);
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                float sum = 0f;
                for (int b = 0; b < grid; b++) {
                    float partial = 0f;
                    int end = Math.min(cols, (b + 1) * Fp8Blocks.BLOCK);
                    for (int p = b * Fp8Blocks.BLOCK; p < end; p++) {
                        byte code = codes.get(ValueLayout.JAVA_BYTE, (long) j * cols + p);
                        partial = Math.fma(x[xOffset + i * xRow + p], format.decode(code), partial);
                    }
                    sum = Math.fma(partial, scales[j / Fp8Blocks.BLOCK * grid + b], sum);
                }
                y[yOffset + i * yRow + j] = sum;
            }
        }
    }
}
