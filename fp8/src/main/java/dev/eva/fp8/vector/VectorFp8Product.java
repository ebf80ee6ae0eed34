package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Product;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products with FP8 weights, lanes along k. A 32-bit lane holds four neighbouring codes. Shifted so that one of them
 * stands at the top, and back with its sign by {@code 1 + mantissa bits}, it is a float32 but for a power of two,
 * subnormal codes included: three instructions a vector, and no byte is ever moved to another lane. So x is laid out
 * beforehand by place modulo four, and half of the missing power of two is multiplied to it, half to the result, which
 * keeps products in range.
 *
 * <p>Codes that are no numbers come out as numbers that way; a row that has one is computed by the reference.
 */
final class VectorFp8Product implements Fp8Product {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Codes of a vector. */
    private static final int LINE = 4 * L;

    private static final int BLOCK = Fp8Blocks.BLOCK;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int MAGNITUDES = 0x7F7F7F7F;
    private static final int SIGNS = 0x80808080;
    private static final int EACH = 0x01010101;
    /** Larger or smaller values of x go to the reference: scaled, they would leave the range of float32. */
    private static final float LARGEST = 0x1p60f;

    private static final float SMALLEST = 0x1p-60f;
    private static final ThreadLocal<float[][]> SCRATCH = ThreadLocal.withInitial(() -> new float[1][0]);
    private static final VectorShuffle<Float> ROTATE_8 = VectorShuffle.iota(S, 8, 1, true);
    private static final VectorShuffle<Float> ROTATE_4 = VectorShuffle.iota(S, 4, 1, true);
    private static final VectorShuffle<Float> ROTATE_2 = VectorShuffle.iota(S, 2, 1, true);
    private static final VectorShuffle<Float> ROTATE_1 = VectorShuffle.iota(S, 1, 1, true);

    /** A block of 128 must be whole vectors, and {@link #sum} knows up to 16 lanes. */
    static boolean works() {
        return L <= 16 && BLOCK % LINE == 0;
    }

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public void widen(
            Fp8Format format, MemorySegment codes, long first, int n, float scale, float[] out, int outOffset) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        int beyond = beyond(format);
        float rebias = rebias(format);
        IntVector special = IntVector.zero(I);
        int whole = n / LINE * LINE;
        for (int i = 0; i < whole; i += LINE) {
            IntVector v = IntVector.fromMemorySegment(I, codes, first + i, LE);
            special = special.or(v.and(MAGNITUDES).add(beyond));
            FloatVector a = quarter(v, 24, back, mask).mul(rebias).mul(scale);
            FloatVector b = quarter(v, 16, back, mask).mul(rebias).mul(scale);
            FloatVector c = quarter(v, 8, back, mask).mul(rebias).mul(scale);
            FloatVector d = quarter(v, 0, back, mask).mul(rebias).mul(scale);
            FloatVector acLow = LOW.selectFrom(a, c);
            FloatVector acHigh = HIGH.selectFrom(a, c);
            FloatVector bdLow = LOW.selectFrom(b, d);
            FloatVector bdHigh = HIGH.selectFrom(b, d);
            LOW.selectFrom(acLow, bdLow).intoArray(out, outOffset + i);
            HIGH.selectFrom(acLow, bdLow).intoArray(out, outOffset + i + L);
            LOW.selectFrom(acHigh, bdHigh).intoArray(out, outOffset + i + 2 * L);
            HIGH.selectFrom(acHigh, bdHigh).intoArray(out, outOffset + i + 3 * L);
        }
        boolean numbers = special.and(SIGNS).compare(VectorOperators.EQ, 0).allTrue();
        int from = numbers ? whole : 0;
        Fp8Product.super.widen(format, codes, first + from, n - from, scale, out, outOffset + from);
    }

    /** Lane numbers that interleave the lower (upper) halves of two vectors; lanes of the second count from L. */
    private static final FloatVector LOW = interleave(0);

    private static final FloatVector HIGH = interleave(L / 2);

    private static FloatVector interleave(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + i / 2 + i % 2 * L;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    @Override
    public void multiply(
            Fp8Format format, int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        float[] apart = apart(format, m, cols, x, xOffset, xRow);
        if (apart == null) {
            Fp8Product.super.multiply(format, m, cols, x, xOffset, xRow, codes, scales, from, to, y, yOffset, yRow);
            return;
        }
        int j = from;
        for (; j + 4 <= to; j += 4) {
            int i = 0;
            boolean numbers = true;
            for (; i + 4 <= m; i += 4) {
                int at = yOffset + i * yRow + j;
                numbers &= fourByTwo(format, cols, apart, i * cols, codes, scales, j, y, at, yRow);
                numbers &= fourByTwo(format, cols, apart, i * cols, codes, scales, j + 2, y, at + 2, yRow);
            }
            for (; i < m; i++) {
                numbers &= oneByFour(format, cols, apart, i * cols, codes, scales, j, y, yOffset + i * yRow + j);
            }
            finish(format, m, cols, x, xOffset, xRow, codes, scales, j, j + 4, numbers, y, yOffset, yRow);
        }
        for (; j < to; j++) {
            boolean numbers = true;
            for (int i = 0; i < m; i++) {
                numbers &= one(format, cols, apart, i * cols, codes, scales, j, y, yOffset + i * yRow + j);
            }
            finish(format, m, cols, x, xOffset, xRow, codes, scales, j, j + 1, numbers, y, yOffset, yRow);
        }
    }

    /** The other half of the power of two, and what no vector covered; or all of it where a code is no number. */
    private static void finish(
            Fp8Format format, int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, boolean numbers, float[] y, int yOffset, int yRow) {
        if (!numbers) {
            REFERENCE.multiply(format, m, cols, x, xOffset, xRow, codes, scales, from, to, y, yOffset, yRow);
            return;
        }
        float half = half(format);
        int whole = cols / LINE * LINE;
        int grid = Fp8Blocks.blocks(cols);
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                int at = yOffset + i * yRow + j;
                y[at] *= half;
                if (whole < cols) {
                    float rest = 0f;
                    for (int p = whole; p < cols; p++) {
                        float w = format.decode(codes.get(ValueLayout.JAVA_BYTE, (long) j * cols + p));
                        rest = Math.fma(x[xOffset + i * xRow + p], w, rest);
                    }
                    y[at] = Math.fma(rest, scales[(j / BLOCK + 1) * grid - 1], y[at]);
                }
            }
        }
    }

    /**
     * Rows of x by place modulo four within every line, times half of the power of two; null if that is out of range.
     */
    private static float[] apart(Fp8Format format, int m, int cols, float[] x, int xOffset, int xRow) {
        float[][] scratch = SCRATCH.get();
        if (scratch[0].length < m * cols) {
            scratch[0] = new float[m * cols];
        }
        float[] out = scratch[0];
        float half = half(format);
        int whole = cols / LINE * LINE;
        float largest = 0f;
        for (int i = 0; i < m; i++) {
            int in = xOffset + i * xRow;
            int to = i * cols;
            float amax = 0f;
            for (int p = 0; p < whole; p += LINE) {
                for (int q = 0; q < L; q++) {
                    for (int r = 0; r < 4; r++) {
                        float v = x[in + p + 4 * q + r];
                        amax = Math.max(amax, Math.abs(v));
                        out[to + p + r * L + q] = v * half;
                    }
                }
            }
            if (amax != 0f && !(amax > SMALLEST)) {
                return null;
            }
            largest = Math.max(largest, amax);
        }
        return largest < LARGEST ? out : null;
    }

    /** Whether all codes were numbers. */
    private static boolean oneByFour(
            Fp8Format format, int cols, float[] x, int xAt, MemorySegment w, float[] scales, int row,
            float[] y, int yAt) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        int beyond = beyond(format);
        int grid = Fp8Blocks.blocks(cols);
        int g0 = row / BLOCK * grid;
        int g1 = (row + 1) / BLOCK * grid;
        int g2 = (row + 2) / BLOCK * grid;
        int g3 = (row + 3) / BLOCK * grid;
        long w0 = (long) row * cols;
        long w1 = w0 + cols;
        long w2 = w1 + cols;
        long w3 = w2 + cols;
        FloatVector t0 = FloatVector.zero(S);
        FloatVector t1 = t0;
        FloatVector t2 = t0;
        FloatVector t3 = t0;
        IntVector special = IntVector.zero(I);
        int whole = cols / LINE * LINE;
        for (int b = 0; b * BLOCK < whole; b++) {
            FloatVector s0 = FloatVector.zero(S);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            int end = Math.min(whole, (b + 1) * BLOCK);
            for (int p = b * BLOCK; p < end; p += LINE) {
                IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + p, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + p, LE);
                IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + p, LE);
                IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + p, LE);
                special = special.or(v0.and(MAGNITUDES).add(beyond)).or(v1.and(MAGNITUDES).add(beyond))
                        .or(v2.and(MAGNITUDES).add(beyond)).or(v3.and(MAGNITUDES).add(beyond));
                // A loop: with its four turns written out, C2 stops inlining and allocates vectors.
                for (int r = 0; r < 4; r++) {
                    FloatVector u = FloatVector.fromArray(S, x, xAt + p + r * L);
                    int up = 24 - 8 * r;
                    s0 = quarter(v0, up, back, mask).fma(u, s0);
                    s1 = quarter(v1, up, back, mask).fma(u, s1);
                    s2 = quarter(v2, up, back, mask).fma(u, s2);
                    s3 = quarter(v3, up, back, mask).fma(u, s3);
                }
            }
            t0 = s0.fma(FloatVector.broadcast(S, scales[g0 + b]), t0);
            t1 = s1.fma(FloatVector.broadcast(S, scales[g1 + b]), t1);
            t2 = s2.fma(FloatVector.broadcast(S, scales[g2 + b]), t2);
            t3 = s3.fma(FloatVector.broadcast(S, scales[g3 + b]), t3);
        }
        y[yAt] = sum(t0);
        y[yAt + 1] = sum(t1);
        y[yAt + 2] = sum(t2);
        y[yAt + 3] = sum(t3);
        return special.and(SIGNS).compare(VectorOperators.EQ, 0).allTrue();
    }

    private static boolean fourByTwo(
            Fp8Format format, int cols, float[] x, int xAt, MemorySegment w, float[] scales, int row,
            float[] y, int yAt, int yRow) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        int beyond = beyond(format);
        int grid = Fp8Blocks.blocks(cols);
        int g0 = row / BLOCK * grid;
        int g1 = (row + 1) / BLOCK * grid;
        long w0 = (long) row * cols;
        long w1 = w0 + cols;
        int x1 = xAt + cols;
        int x2 = x1 + cols;
        int x3 = x2 + cols;
        FloatVector t00 = FloatVector.zero(S);
        FloatVector t01 = t00;
        FloatVector t10 = t00;
        FloatVector t11 = t00;
        FloatVector t20 = t00;
        FloatVector t21 = t00;
        FloatVector t30 = t00;
        FloatVector t31 = t00;
        IntVector special = IntVector.zero(I);
        int whole = cols / LINE * LINE;
        for (int b = 0; b * BLOCK < whole; b++) {
            FloatVector s00 = FloatVector.zero(S);
            FloatVector s01 = s00;
            FloatVector s10 = s00;
            FloatVector s11 = s00;
            FloatVector s20 = s00;
            FloatVector s21 = s00;
            FloatVector s30 = s00;
            FloatVector s31 = s00;
            int end = Math.min(whole, (b + 1) * BLOCK);
            for (int p = b * BLOCK; p < end; p += LINE) {
                IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + p, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + p, LE);
                special = special.or(v0.and(MAGNITUDES).add(beyond)).or(v1.and(MAGNITUDES).add(beyond));
                for (int r = 0; r < 4; r++) {
                    FloatVector c0 = quarter(v0, 24 - 8 * r, back, mask);
                    FloatVector c1 = quarter(v1, 24 - 8 * r, back, mask);
                    int at = p + r * L;
                    FloatVector u = FloatVector.fromArray(S, x, xAt + at);
                    s00 = c0.fma(u, s00);
                    s01 = c1.fma(u, s01);
                    u = FloatVector.fromArray(S, x, x1 + at);
                    s10 = c0.fma(u, s10);
                    s11 = c1.fma(u, s11);
                    u = FloatVector.fromArray(S, x, x2 + at);
                    s20 = c0.fma(u, s20);
                    s21 = c1.fma(u, s21);
                    u = FloatVector.fromArray(S, x, x3 + at);
                    s30 = c0.fma(u, s30);
                    s31 = c1.fma(u, s31);
                }
            }
            FloatVector f0 = FloatVector.broadcast(S, scales[g0 + b]);
            FloatVector f1 = FloatVector.broadcast(S, scales[g1 + b]);
            t00 = s00.fma(f0, t00);
            t01 = s01.fma(f1, t01);
            t10 = s10.fma(f0, t10);
            t11 = s11.fma(f1, t11);
            t20 = s20.fma(f0, t20);
            t21 = s21.fma(f1, t21);
            t30 = s30.fma(f0, t30);
            t31 = s31.fma(f1, t31);
        }
        y[yAt] = sum(t00);
        y[yAt + 1] = sum(t01);
        y[yAt + yRow] = sum(t10);
        y[yAt + yRow + 1] = sum(t11);
        y[yAt + 2 * yRow] = sum(t20);
        y[yAt + 2 * yRow + 1] = sum(t21);
        y[yAt + 3 * yRow] = sum(t30);
        y[yAt + 3 * yRow + 1] = sum(t31);
        return special.and(SIGNS).compare(VectorOperators.EQ, 0).allTrue();
    }

    private static boolean one(
            Fp8Format format, int cols, float[] x, int xAt, MemorySegment w, float[] scales, int row,
            float[] y, int yAt) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        int beyond = beyond(format);
        int g = row / BLOCK * Fp8Blocks.blocks(cols);
        long at = (long) row * cols;
        FloatVector t = FloatVector.zero(S);
        IntVector special = IntVector.zero(I);
        int whole = cols / LINE * LINE;
        for (int b = 0; b * BLOCK < whole; b++) {
            FloatVector s = FloatVector.zero(S);
            int end = Math.min(whole, (b + 1) * BLOCK);
            for (int p = b * BLOCK; p < end; p += LINE) {
                IntVector v = IntVector.fromMemorySegment(I, w, at + p, LE);
                special = special.or(v.and(MAGNITUDES).add(beyond));
                s = quarter(v, 24, back, mask).fma(FloatVector.fromArray(S, x, xAt + p), s);
                s = quarter(v, 16, back, mask).fma(FloatVector.fromArray(S, x, xAt + p + L), s);
                s = quarter(v, 8, back, mask).fma(FloatVector.fromArray(S, x, xAt + p + 2 * L), s);
                s = quarter(v, 0, back, mask).fma(FloatVector.fromArray(S, x, xAt + p + 3 * L), s);
            }
            t = s.fma(FloatVector.broadcast(S, scales[g + b]), t);
        }
        y[yAt] = sum(t);
        return special.and(SIGNS).compare(VectorOperators.EQ, 0).allTrue();
    }

    /** One code of every lane, moved to where float32 has its sign, exponent and mantissa. */
    private static FloatVector quarter(IntVector v, int up, int back, int mask) {
        return v.lanewise(VectorOperators.LSHL, up).lanewise(VectorOperators.ASHR, back).and(mask)
                .reinterpretAsFloats();
    }

    private static int mask(Fp8Format format) {
        return 0x80000000 | 0x7F << 23 - format.mantissaBits();
    }

    /** Added to the magnitudes of four codes, sets the highest bit of those that are no numbers. */
    private static int beyond(Fp8Format format) {
        return (0x80 - format.firstSpecial()) * EACH;
    }

    private static float rebias(Fp8Format format) {
        return Float.intBitsToFloat((254 - format.bias()) << 23);
    }

    /** The square root of {@link #rebias}. */
    private static float half(Fp8Format format) {
        return Float.intBitsToFloat((127 + (127 - format.bias()) / 2) << 23);
    }

    /** All lanes, half added to half. */
    private static float sum(FloatVector v) {
        FloatVector s = v;
        if (L > 8) {
            s = s.add(s.rearrange(ROTATE_8));
        }
        if (L > 4) {
            s = s.add(s.rearrange(ROTATE_4));
        }
        s = s.add(s.rearrange(ROTATE_2));
        s = s.add(s.rearrange(ROTATE_1));
        return s.lane(0);
    }

    // spotless:on
}
