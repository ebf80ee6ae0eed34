package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.StoredKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with stored weights, lanes along k. Four rows of the weight at a time are four streams from memory; up to
 * four rows of x share what was loaded. Every element is one chain of fused multiply-adds a lane, the lanes added at
 * the end.
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
    private static final ThreadLocal<float[][]> SCRATCH = ThreadLocal.withInitial(() -> new float[1][0]);

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

    @Override
    public void multiplyF32(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        int j = from;
        for (; j + 4 <= to; j += 4) {
            int i = 0;
            for (; i + 4 <= m; i += 4) {
                int at = yOffset + i * yRow + j;
                f32FourByTwo(cols, x, xOffset + i * xRow, xRow, w, j, y, at, yRow);
                f32FourByTwo(cols, x, xOffset + i * xRow, xRow, w, j + 2, y, at + 2, yRow);
            }
            for (; i < m; i++) {
                f32OneByFour(cols, x, xOffset + i * xRow, w, j, y, yOffset + i * yRow + j);
            }
        }
        for (; j < to; j++) {
            for (int i = 0; i < m; i++) {
                y[yOffset + i * yRow + j] = f32One(cols, x, xOffset + i * xRow, w, j);
            }
        }
    }

    private static void f32OneByFour(int cols, float[] x, int xAt, MemorySegment w, int row, float[] y, int yAt) {
        long w0 = 4L * row * cols;
        long w1 = w0 + 4L * cols;
        long w2 = w1 + 4L * cols;
        long w3 = w2 + 4L * cols;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = cols / L * L;
        for (int p = 0; p < whole; p += L) {
            FloatVector v = FloatVector.fromArray(S, x, xAt + p);
            long at = 4L * p;
            s0 = FloatVector.fromMemorySegment(S, w, w0 + at, LE).fma(v, s0);
            s1 = FloatVector.fromMemorySegment(S, w, w1 + at, LE).fma(v, s1);
            s2 = FloatVector.fromMemorySegment(S, w, w2 + at, LE).fma(v, s2);
            s3 = FloatVector.fromMemorySegment(S, w, w3 + at, LE).fma(v, s3);
        }
        y[yAt] = VectorMath.sum(s0) + f32Rest(cols, whole, x, xAt, w, w0);
        y[yAt + 1] = VectorMath.sum(s1) + f32Rest(cols, whole, x, xAt, w, w1);
        y[yAt + 2] = VectorMath.sum(s2) + f32Rest(cols, whole, x, xAt, w, w2);
        y[yAt + 3] = VectorMath.sum(s3) + f32Rest(cols, whole, x, xAt, w, w3);
    }

    private static void f32FourByTwo(
            int cols, float[] x, int xAt, int xRow, MemorySegment w, int row, float[] y, int yAt, int yRow) {
        long w0 = 4L * row * cols;
        long w1 = w0 + 4L * cols;
        int x1 = xAt + xRow;
        int x2 = x1 + xRow;
        int x3 = x2 + xRow;
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        int whole = cols / L * L;
        for (int p = 0; p < whole; p += L) {
            FloatVector a = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE);
            FloatVector b = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE);
            FloatVector v = FloatVector.fromArray(S, x, xAt + p);
            s00 = a.fma(v, s00);
            s01 = b.fma(v, s01);
            v = FloatVector.fromArray(S, x, x1 + p);
            s10 = a.fma(v, s10);
            s11 = b.fma(v, s11);
            v = FloatVector.fromArray(S, x, x2 + p);
            s20 = a.fma(v, s20);
            s21 = b.fma(v, s21);
            v = FloatVector.fromArray(S, x, x3 + p);
            s30 = a.fma(v, s30);
            s31 = b.fma(v, s31);
        }
        y[yAt] = VectorMath.sum(s00) + f32Rest(cols, whole, x, xAt, w, w0);
        y[yAt + 1] = VectorMath.sum(s01) + f32Rest(cols, whole, x, xAt, w, w1);
        y[yAt + yRow] = VectorMath.sum(s10) + f32Rest(cols, whole, x, x1, w, w0);
        y[yAt + yRow + 1] = VectorMath.sum(s11) + f32Rest(cols, whole, x, x1, w, w1);
        y[yAt + 2 * yRow] = VectorMath.sum(s20) + f32Rest(cols, whole, x, x2, w, w0);
        y[yAt + 2 * yRow + 1] = VectorMath.sum(s21) + f32Rest(cols, whole, x, x2, w, w1);
        y[yAt + 3 * yRow] = VectorMath.sum(s30) + f32Rest(cols, whole, x, x3, w, w0);
        y[yAt + 3 * yRow + 1] = VectorMath.sum(s31) + f32Rest(cols, whole, x, x3, w, w1);
    }

    private static float f32One(int cols, float[] x, int xAt, MemorySegment w, int row) {
        long w0 = 4L * row * cols;
        FloatVector s = FloatVector.zero(S);
        int whole = cols / L * L;
        for (int p = 0; p < whole; p += L) {
            s = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE).fma(FloatVector.fromArray(S, x, xAt + p), s);
        }
        return VectorMath.sum(s) + f32Rest(cols, whole, x, xAt, w, w0);
    }

    private static float f32Rest(int cols, int whole, float[] x, int xAt, MemorySegment w, long row) {
        float sum = 0f;
        for (int p = whole; p < cols; p++) {
            sum = Math.fma(x[xAt + p], w.get(F32, row + 4L * p), sum);
        }
        return sum;
    }

    @Override
    public void multiplyBf16(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        float[] apart = apart(m, cols, x, xOffset, xRow);
        int j = from;
        for (; j + 4 <= to; j += 4) {
            int i = 0;
            for (; i + 4 <= m; i += 4) {
                int at = yOffset + i * yRow + j;
                bf16FourByTwo(cols, apart, i * cols, w, j, y, at, yRow);
                bf16FourByTwo(cols, apart, i * cols, w, j + 2, y, at + 2, yRow);
            }
            for (; i < m; i++) {
                bf16OneByFour(cols, apart, i * cols, w, j, y, yOffset + i * yRow + j);
            }
        }
        for (; j < to; j++) {
            for (int i = 0; i < m; i++) {
                y[yOffset + i * yRow + j] = bf16One(cols, apart, i * cols, w, j);
            }
        }
    }

    /** Rows of x, every {@code 2 L} values as evens, then odds. */
    private static float[] apart(int m, int cols, float[] x, int xOffset, int xRow) {
        float[][] scratch = SCRATCH.get();
        if (scratch[0].length < m * cols) {
            scratch[0] = new float[m * cols];
        }
        float[] out = scratch[0];
        int whole = cols / (2 * L) * 2 * L;
        for (int i = 0; i < m; i++) {
            int in = xOffset + i * xRow;
            int to = i * cols;
            for (int p = 0; p < whole; p += 2 * L) {
                for (int q = 0; q < L; q++) {
                    out[to + p + q] = x[in + p + 2 * q];
                    out[to + p + L + q] = x[in + p + 2 * q + 1];
                }
            }
            System.arraycopy(x, in + whole, out, to + whole, cols - whole);
        }
        return out;
    }

    private static void bf16OneByFour(int cols, float[] x, int xAt, MemorySegment w, int row, float[] y, int yAt) {
        long w0 = 2L * row * cols;
        long w1 = w0 + 2L * cols;
        long w2 = w1 + 2L * cols;
        long w3 = w2 + 2L * cols;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int whole = cols / (2 * L) * 2 * L;
        for (int p = 0; p < whole; p += 2 * L) {
            FloatVector even = FloatVector.fromArray(S, x, xAt + p);
            FloatVector odd = FloatVector.fromArray(S, x, xAt + p + L);
            long at = 2L * p;
            IntVector a = IntVector.fromMemorySegment(I, w, w0 + at, LE);
            IntVector b = IntVector.fromMemorySegment(I, w, w1 + at, LE);
            IntVector c = IntVector.fromMemorySegment(I, w, w2 + at, LE);
            IntVector d = IntVector.fromMemorySegment(I, w, w3 + at, LE);
            s0 = a.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s0);
            s1 = b.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s1);
            s2 = c.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s2);
            s3 = d.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(even, s3);
            s0 = a.and(HIGH).reinterpretAsFloats().fma(odd, s0);
            s1 = b.and(HIGH).reinterpretAsFloats().fma(odd, s1);
            s2 = c.and(HIGH).reinterpretAsFloats().fma(odd, s2);
            s3 = d.and(HIGH).reinterpretAsFloats().fma(odd, s3);
        }
        y[yAt] = VectorMath.sum(s0) + bf16Rest(cols, whole, x, xAt, w, w0);
        y[yAt + 1] = VectorMath.sum(s1) + bf16Rest(cols, whole, x, xAt, w, w1);
        y[yAt + 2] = VectorMath.sum(s2) + bf16Rest(cols, whole, x, xAt, w, w2);
        y[yAt + 3] = VectorMath.sum(s3) + bf16Rest(cols, whole, x, xAt, w, w3);
    }

    private static void bf16FourByTwo(
            int cols, float[] x, int xAt, MemorySegment w, int row, float[] y, int yAt, int yRow) {
        long w0 = 2L * row * cols;
        long w1 = w0 + 2L * cols;
        int x1 = xAt + cols;
        int x2 = x1 + cols;
        int x3 = x2 + cols;
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        int whole = cols / (2 * L) * 2 * L;
        for (int p = 0; p < whole; p += 2 * L) {
            IntVector a = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            IntVector b = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            FloatVector aEven = a.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector bEven = b.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector aOdd = a.and(HIGH).reinterpretAsFloats();
            FloatVector bOdd = b.and(HIGH).reinterpretAsFloats();
            FloatVector even = FloatVector.fromArray(S, x, xAt + p);
            FloatVector odd = FloatVector.fromArray(S, x, xAt + p + L);
            s00 = aOdd.fma(odd, aEven.fma(even, s00));
            s01 = bOdd.fma(odd, bEven.fma(even, s01));
            even = FloatVector.fromArray(S, x, x1 + p);
            odd = FloatVector.fromArray(S, x, x1 + p + L);
            s10 = aOdd.fma(odd, aEven.fma(even, s10));
            s11 = bOdd.fma(odd, bEven.fma(even, s11));
            even = FloatVector.fromArray(S, x, x2 + p);
            odd = FloatVector.fromArray(S, x, x2 + p + L);
            s20 = aOdd.fma(odd, aEven.fma(even, s20));
            s21 = bOdd.fma(odd, bEven.fma(even, s21));
            even = FloatVector.fromArray(S, x, x3 + p);
            odd = FloatVector.fromArray(S, x, x3 + p + L);
            s30 = aOdd.fma(odd, aEven.fma(even, s30));
            s31 = bOdd.fma(odd, bEven.fma(even, s31));
        }
        y[yAt] = VectorMath.sum(s00) + bf16Rest(cols, whole, x, xAt, w, w0);
        y[yAt + 1] = VectorMath.sum(s01) + bf16Rest(cols, whole, x, xAt, w, w1);
        y[yAt + yRow] = VectorMath.sum(s10) + bf16Rest(cols, whole, x, x1, w, w0);
        y[yAt + yRow + 1] = VectorMath.sum(s11) + bf16Rest(cols, whole, x, x1, w, w1);
        y[yAt + 2 * yRow] = VectorMath.sum(s20) + bf16Rest(cols, whole, x, x2, w, w0);
        y[yAt + 2 * yRow + 1] = VectorMath.sum(s21) + bf16Rest(cols, whole, x, x2, w, w1);
        y[yAt + 3 * yRow] = VectorMath.sum(s30) + bf16Rest(cols, whole, x, x3, w, w0);
        y[yAt + 3 * yRow + 1] = VectorMath.sum(s31) + bf16Rest(cols, whole, x, x3, w, w1);
    }

    private static float bf16One(int cols, float[] x, int xAt, MemorySegment w, int row) {
        long w0 = 2L * row * cols;
        FloatVector s = FloatVector.zero(S);
        int whole = cols / (2 * L) * 2 * L;
        for (int p = 0; p < whole; p += 2 * L) {
            IntVector a = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            s = a.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(FloatVector.fromArray(S, x, xAt + p), s);
            s = a.and(HIGH).reinterpretAsFloats().fma(FloatVector.fromArray(S, x, xAt + p + L), s);
        }
        return VectorMath.sum(s) + bf16Rest(cols, whole, x, xAt, w, w0);
    }

    private static float bf16Rest(int cols, int whole, float[] x, int xAt, MemorySegment w, long row) {
        float sum = 0f;
        for (int p = whole; p < cols; p++) {
            sum = Math.fma(x[xAt + p], Float.intBitsToFloat(w.get(I16, row + 2L * p) << 16), sum);
        }
        return sum;
    }

    // spotless:on
}
