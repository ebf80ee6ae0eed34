package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.StoredKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with stored weights, lanes along k. Four rows of x share a row of the weight; one row of x takes four rows
 * of the weight at a time ({@link StoredStreams}). An element is two chains of fused multiply-adds a lane; the lanes
 * are added at the end, those of a vector's worth of rows at once. With 32 registers there are larger tiles, and one
 * chain: {@link StoredRows}.
 *
 * <p>bfloat16 comes as 32-bit lanes that hold two neighbours, so x is laid out beforehand as a vector of even places,
 * then one of odd places.
 */
final class VectorStored implements StoredKernel {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = VectorMath.LANES;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int HIGH = 0xFFFF0000;
    /** Words of a row that are turned over at a time. */
    private static final int WORDS = 64;
    /** Rows of the weight that all rows of x pass before the next. */
    private static final int SHARED = 64;
    /** Lane numbers of every second value of two vectors. */
    private static final FloatVector EVENS = everySecond(0);

    private static final FloatVector ODDS = everySecond(1);
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /** Memory of one thread; grows, never shrinks. */
    private static final class Scratch {
        /** Sums lane by lane, for four rows of x or of the weight: the loops end with them. */
        final float[] lanes = new float[4 * L * L];

        final float[] turn = new float[Transpose.SCRATCH];
        final int[] words = new int[WORDS * L];
        final int[] square = new int[WordSquare.SCRATCH];

        private float[] x = new float[0];

        float[] x(int size) {
            if (x.length < size) {
                x = new float[size];
            }
            return x;
        }
    }

    private static FloatVector everySecond(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + 2 * i;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public void widenBf16(MemorySegment w, long first, int n, float[] out, int outOffset) {
        int i = 0;
        for (int end = n / (2 * L) * 2 * L; i < end; i += 2 * L) {
            IntVector two = IntVector.fromMemorySegment(I, w, 2 * (first + i), LE);
            FloatVector even = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector odd = two.and(HIGH).reinterpretAsFloats();
            Transpose.LOW.selectFrom(even, odd).intoArray(out, outOffset + i);
            Transpose.HIGH.selectFrom(even, odd).intoArray(out, outOffset + i + L);
        }
        StoredKernel.super.widenBf16(w, first + i, n - i, out, outOffset + i);
    }

    /** A vector's worth of rows at a time is copied, then turned over in registers. */
    @Override
    public void turnF32(
            MemorySegment w, long first, int cols, int count, int length, float[] out, int outOffset, int outRow) {
        int whole = length / L * L;
        int j = 0;
        for (; j + L <= count; j += L) {
            Scratch scratch = SCRATCH.get();
            float[] strip = scratch.x(L * length);
            for (int r = 0; r < L; r++) {
                MemorySegment.copy(w, F32, 4 * (first + (long) (j + r) * cols), strip, r * length, length);
            }
            for (int p = 0; p < whole; p += L) {
                Transpose.block(strip, p, length, out, outOffset + p * outRow + j, outRow, scratch.turn);
            }
            for (int p = whole; p < length; p++) {
                for (int r = 0; r < L; r++) {
                    out[outOffset + p * outRow + j + r] = strip[r * length + p];
                }
            }
        }
        StoredKernel.super.turnF32(
                w, first + (long) j * cols, cols, count - j, length, out, outOffset + j, outRow);
    }

    @Override
    public void turnWords(MemorySegment w, long from, long stride, int rows, int n, int[] out, int outOffset) {
        int q = 0;
        if (rows == L && WordSquare.works()) {
            int[] scratch = SCRATCH.get().square;
            for (; q + L <= n; q += L) {
                WordSquare.turn(w, from + 4L * q, stride, out, outOffset + q * L, scratch);
            }
        }
        StoredKernel.super.turnWords(w, from + 4L * q, stride, rows, n - q, out, outOffset + q * rows);
    }

    /** Pairs of neighbours are turned over as 32-bit words, and widened after. */
    @Override
    public void turnBf16(
            MemorySegment w, long first, int cols, int count, int length, float[] out, int outOffset, int outRow) {
        int[] words = SCRATCH.get().words;
        int whole = length / 2 * 2;
        int j = 0;
        for (; j + L <= count; j += L) {
            for (int p = 0; p < whole; p += 2 * WORDS) {
                int n = Math.min(WORDS, (whole - p) / 2);
                turnWords(w, 2 * (first + (long) j * cols + p), 2L * cols, L, n, words, 0);
                for (int q = 0, to = outOffset + p * outRow + j; q < n; q++, to += 2 * outRow) {
                    IntVector two = IntVector.fromArray(I, words, q * L);
                    two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(out, to);
                    two.and(HIGH).reinterpretAsFloats().intoArray(out, to + outRow);
                }
            }
        }
        StoredKernel.super.turnBf16(
                w, first + whole, cols, j, length - whole, out, outOffset + whole * outRow, outRow);
        StoredKernel.super.turnBf16(
                w, first + (long) j * cols, cols, count - j, length, out, outOffset + j, outRow);
    }

    @Override
    public void multiplyF32(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        if (Panels.NARROW) {
            f32Narrow(m, cols, x, xOffset, xRow, w, from, to, y, yOffset, yRow);
        } else {
            StoredRows.multiply(false, m, cols, x, xOffset, xRow, w, from, to, y, yOffset, yRow);
        }
        if (cols % (2 * L) != 0) {
            f32Rest(m, cols, x, xOffset, xRow, w, from, to, y, yOffset, yRow);
        }
    }

    private static void f32Narrow(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        float[] lanes = SCRATCH.get().lanes;
        int alone = m / 4 * 4;
        for (int begin = from; begin < to; begin += SHARED) {
            int end = Math.min(to, begin + SHARED);
            for (int j = begin; j < end && alone > 0; j += L) {
                int rows = Math.min(L, end - j);
                for (int i = 0; i < alone; i += 4) {
                    for (int r = 0; r < rows; r++) {
                        f32Four(cols, x, xOffset + i * xRow, xRow, w, j + r, lanes, r * L);
                    }
                    for (int q = 0; q < 4; q++) {
                        LaneSums.add(rows, lanes, q * L * L, y, yOffset + (i + q) * yRow + j);
                    }
                }
            }
            for (int i = alone; i < m; i++) {
                StoredStreams.f32(cols, x, xOffset + i * xRow, w, begin, end, lanes, y, yOffset + i * yRow);
            }
        }
    }

    private static void f32Four(
            int cols, float[] x, int xAt, int xRow, MemorySegment w, int row, float[] lanes, int at) {
        long base = 4L * row * cols;
        int x1 = xAt + xRow;
        int x2 = x1 + xRow;
        int x3 = x2 + xRow;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            FloatVector a = FloatVector.fromMemorySegment(S, w, base + 4L * p, LE);
            FloatVector b = FloatVector.fromMemorySegment(S, w, base + 4L * (p + L), LE);
            s0 = a.fma(FloatVector.fromArray(S, x, xAt + p), s0);
            t0 = b.fma(FloatVector.fromArray(S, x, xAt + p + L), t0);
            s1 = a.fma(FloatVector.fromArray(S, x, x1 + p), s1);
            t1 = b.fma(FloatVector.fromArray(S, x, x1 + p + L), t1);
            s2 = a.fma(FloatVector.fromArray(S, x, x2 + p), s2);
            t2 = b.fma(FloatVector.fromArray(S, x, x2 + p + L), t2);
            s3 = a.fma(FloatVector.fromArray(S, x, x3 + p), s3);
            t3 = b.fma(FloatVector.fromArray(S, x, x3 + p + L), t3);
        }
        s0.add(t0).intoArray(lanes, at);
        s1.add(t1).intoArray(lanes, at + L * L);
        s2.add(t2).intoArray(lanes, at + 2 * L * L);
        s3.add(t3).intoArray(lanes, at + 3 * L * L);
    }

    /** What no vector covered. */
    private static void f32Rest(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                float sum = 0f;
                for (int p = cols - cols % (2 * L); p < cols; p++) {
                    sum = Math.fma(x[xOffset + i * xRow + p], w.get(F32, 4 * ((long) j * cols + p)), sum);
                }
                y[yOffset + i * yRow + j] += sum;
            }
        }
    }

    @Override
    public void multiplyBf16(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        if (Panels.NARROW) {
            bf16Narrow(m, cols, x, xOffset, xRow, w, from, to, y, yOffset, yRow);
        } else {
            StoredRows.multiply(true, m, cols, x, xOffset, xRow, w, from, to, y, yOffset, yRow);
        }
        if (cols % (2 * L) != 0) {
            bf16Rest(m, cols, x, xOffset, xRow, w, from, to, y, yOffset, yRow);
        }
    }

    private static void bf16Narrow(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        float[] lanes = SCRATCH.get().lanes;
        float[] apart = apart(m, cols, x, xOffset, xRow);
        int alone = m / 4 * 4;
        for (int begin = from; begin < to; begin += SHARED) {
            int end = Math.min(to, begin + SHARED);
            for (int j = begin; j < end && alone > 0; j += L) {
                int rows = Math.min(L, end - j);
                for (int i = 0; i < alone; i += 4) {
                    for (int r = 0; r < rows; r++) {
                        bf16Four(cols, apart, i * cols, w, j + r, lanes, r * L);
                    }
                    for (int q = 0; q < 4; q++) {
                        LaneSums.add(rows, lanes, q * L * L, y, yOffset + (i + q) * yRow + j);
                    }
                }
            }
            for (int i = alone; i < m; i++) {
                StoredStreams.bf16(cols, apart, i * cols, w, begin, end, lanes, y, yOffset + i * yRow);
            }
        }
    }

    /** Rows of x, every {@code 2 L} values as evens, then odds. */
    private static float[] apart(int m, int cols, float[] x, int xOffset, int xRow) {
        float[] out = SCRATCH.get().x(m * cols);
        int whole = cols / (2 * L) * 2 * L;
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < whole; p += 2 * L) {
                FloatVector low = FloatVector.fromArray(S, x, xOffset + i * xRow + p);
                FloatVector high = FloatVector.fromArray(S, x, xOffset + i * xRow + p + L);
                EVENS.selectFrom(low, high).intoArray(out, i * cols + p);
                ODDS.selectFrom(low, high).intoArray(out, i * cols + p + L);
            }
        }
        return out;
    }

    private static void bf16Four(int cols, float[] x, int xAt, MemorySegment w, int row, float[] lanes, int at) {
        long base = 2L * row * cols;
        int x1 = xAt + cols;
        int x2 = x1 + cols;
        int x3 = x2 + cols;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            IntVector two = IntVector.fromMemorySegment(I, w, base + 2L * p, LE);
            FloatVector a = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector b = two.and(HIGH).reinterpretAsFloats();
            s0 = a.fma(FloatVector.fromArray(S, x, xAt + p), s0);
            t0 = b.fma(FloatVector.fromArray(S, x, xAt + p + L), t0);
            s1 = a.fma(FloatVector.fromArray(S, x, x1 + p), s1);
            t1 = b.fma(FloatVector.fromArray(S, x, x1 + p + L), t1);
            s2 = a.fma(FloatVector.fromArray(S, x, x2 + p), s2);
            t2 = b.fma(FloatVector.fromArray(S, x, x2 + p + L), t2);
            s3 = a.fma(FloatVector.fromArray(S, x, x3 + p), s3);
            t3 = b.fma(FloatVector.fromArray(S, x, x3 + p + L), t3);
        }
        s0.add(t0).intoArray(lanes, at);
        s1.add(t1).intoArray(lanes, at + L * L);
        s2.add(t2).intoArray(lanes, at + 2 * L * L);
        s3.add(t3).intoArray(lanes, at + 3 * L * L);
    }

    /** What no vector covered. */
    private static void bf16Rest(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                float sum = 0f;
                for (int p = cols - cols % (2 * L); p < cols; p++) {
                    float v = Float.intBitsToFloat(w.get(I16, 2 * ((long) j * cols + p)) << 16);
                    sum = Math.fma(x[xOffset + i * xRow + p], v, sum);
                }
                y[yOffset + i * yRow + j] += sum;
            }
        }
    }

    // spotless:on
}
