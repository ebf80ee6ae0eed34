package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Product;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
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
    private static final Reduction SUMS = Kernels.find(Reduction.class, Reduction.REFERENCE);
    /** Rows of x as the loops read them, and the sums lane by lane; the memory of one thread. */
    private static final ThreadLocal<float[][]> SCRATCH =
            ThreadLocal.withInitial(() -> new float[][] {{}, new float[4 * L * L]});

    /** Lane numbers that interleave the lower (upper) halves of two vectors; lanes of the second count from L. */
    private static final FloatVector LOW = interleave(0);

    private static final FloatVector HIGH = interleave(L / 2);

    /** Lane numbers of every second value of two vectors. */
    private static final FloatVector EVENS = everySecond(0);

    private static final FloatVector ODDS = everySecond(1);

    private static FloatVector everySecond(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + 2 * i;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    private static FloatVector interleave(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + i / 2 + i % 2 * L;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    /** A block of 128 must be whole vectors. */
    static boolean works() {
        return BLOCK % LINE == 0;
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

    @Override
    public void multiply(
            Fp8Format format, int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        float[] apart = apart(format, m, cols, x, xOffset, xRow);
        if (apart == null) {
            Fp8Product.super.multiply(format, m, cols, x, xOffset, xRow, codes, scales, from, to, y, yOffset, yRow);
            return;
        }
        float[] lanes = SCRATCH.get()[1];
        for (int j = from; j < to; j += L) {
            int rows = Math.min(L, to - j);
            boolean numbers = true;
            int i = 0;
            for (; i + 4 <= m; i += 4) {
                for (int r = 0; r < rows; r++) {
                    numbers &= four(format, cols, apart, i * cols, codes, scales, j + r, lanes, r * L);
                }
                for (int q = 0; q < 4; q++) {
                    SUMS.sumEach(rows, L, lanes, q * L * L, y, yOffset + (i + q) * yRow + j);
                }
            }
            for (; i < m; i++) {
                for (int r = 0; r < rows; r++) {
                    numbers &= one(format, cols, apart, i * cols, codes, scales, j + r, lanes, r * L);
                }
                SUMS.sumEach(rows, L, lanes, 0, y, yOffset + i * yRow + j);
            }
            finish(format, m, cols, x, xOffset, xRow, codes, scales, j, j + rows, numbers, y, yOffset, yRow);
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
            FloatVector most = FloatVector.zero(S);
            for (int p = 0; p < whole; p += LINE) {
                FloatVector a = FloatVector.fromArray(S, x, in + p);
                FloatVector b = FloatVector.fromArray(S, x, in + p + L);
                FloatVector c = FloatVector.fromArray(S, x, in + p + 2 * L);
                FloatVector d = FloatVector.fromArray(S, x, in + p + 3 * L);
                most = most.max(a.abs()).max(b.abs()).max(c.abs()).max(d.abs());
                FloatVector abEven = EVENS.selectFrom(a, b).mul(half);
                FloatVector cdEven = EVENS.selectFrom(c, d).mul(half);
                EVENS.selectFrom(abEven, cdEven).intoArray(out, to + p);
                ODDS.selectFrom(abEven, cdEven).intoArray(out, to + p + 2 * L);
                FloatVector abOdd = ODDS.selectFrom(a, b).mul(half);
                FloatVector cdOdd = ODDS.selectFrom(c, d).mul(half);
                EVENS.selectFrom(abOdd, cdOdd).intoArray(out, to + p + L);
                ODDS.selectFrom(abOdd, cdOdd).intoArray(out, to + p + 3 * L);
            }
            float amax = most.reduceLanes(VectorOperators.MAX);
            if (amax != 0f && !(amax > SMALLEST)) {
                return null;
            }
            largest = Math.max(largest, amax);
        }
        return largest < LARGEST ? out : null;
    }

    /** One row of the weight, one of x: whether all codes were numbers. The sums go to {@code lanes}. */
    private static boolean one(
            Fp8Format format, int cols, float[] x, int xAt, MemorySegment w, float[] scales, int row,
            float[] lanes, int at) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        int beyond = beyond(format);
        int g = row / BLOCK * Fp8Blocks.blocks(cols);
        long base = (long) row * cols;
        FloatVector sum = FloatVector.zero(S);
        IntVector special = IntVector.zero(I);
        int whole = cols / LINE * LINE;
        for (int b = 0; b * BLOCK < whole; b++) {
            FloatVector s = FloatVector.zero(S);
            FloatVector t = s;
            int end = Math.min(whole, (b + 1) * BLOCK);
            for (int p = b * BLOCK; p < end; p += LINE) {
                IntVector v = IntVector.fromMemorySegment(I, w, base + p, LE);
                special = special.or(v.and(MAGNITUDES).add(beyond));
                s = quarter(v, 24, back, mask).fma(FloatVector.fromArray(S, x, xAt + p), s);
                t = quarter(v, 16, back, mask).fma(FloatVector.fromArray(S, x, xAt + p + L), t);
                s = quarter(v, 8, back, mask).fma(FloatVector.fromArray(S, x, xAt + p + 2 * L), s);
                t = quarter(v, 0, back, mask).fma(FloatVector.fromArray(S, x, xAt + p + 3 * L), t);
            }
            sum = s.add(t).fma(FloatVector.broadcast(S, scales[g + b]), sum);
        }
        sum.intoArray(lanes, at);
        return special.and(SIGNS).compare(VectorOperators.EQ, 0).allTrue();
    }

    /** As {@link #one}, for four rows of x, whose sums lie a square of lanes apart. */
    private static boolean four(
            Fp8Format format, int cols, float[] x, int xAt, MemorySegment w, float[] scales, int row,
            float[] lanes, int at) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        int beyond = beyond(format);
        int g = row / BLOCK * Fp8Blocks.blocks(cols);
        long base = (long) row * cols;
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        IntVector special = IntVector.zero(I);
        int whole = cols / LINE * LINE;
        for (int b = 0; b * BLOCK < whole; b++) {
            FloatVector s0 = FloatVector.zero(S);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            FloatVector t0 = s0;
            FloatVector t1 = s0;
            FloatVector t2 = s0;
            FloatVector t3 = s0;
            int end = Math.min(whole, (b + 1) * BLOCK);
            for (int p = b * BLOCK; p < end; p += LINE) {
                IntVector v = IntVector.fromMemorySegment(I, w, base + p, LE);
                special = special.or(v.and(MAGNITUDES).add(beyond));
                // A loop: with its turns written out, C2 stops inlining and allocates vectors.
                for (int r = 0; r < 2; r++) {
                    FloatVector c = quarter(v, 24 - 16 * r, back, mask);
                    FloatVector d = quarter(v, 16 - 16 * r, back, mask);
                    int here = xAt + p + 2 * r * L;
                    s0 = c.fma(FloatVector.fromArray(S, x, here), s0);
                    t0 = d.fma(FloatVector.fromArray(S, x, here + L), t0);
                    here += cols;
                    s1 = c.fma(FloatVector.fromArray(S, x, here), s1);
                    t1 = d.fma(FloatVector.fromArray(S, x, here + L), t1);
                    here += cols;
                    s2 = c.fma(FloatVector.fromArray(S, x, here), s2);
                    t2 = d.fma(FloatVector.fromArray(S, x, here + L), t2);
                    here += cols;
                    s3 = c.fma(FloatVector.fromArray(S, x, here), s3);
                    t3 = d.fma(FloatVector.fromArray(S, x, here + L), t3);
                }
            }
            FloatVector scale = FloatVector.broadcast(S, scales[g + b]);
            sum0 = s0.add(t0).fma(scale, sum0);
            sum1 = s1.add(t1).fma(scale, sum1);
            sum2 = s2.add(t2).fma(scale, sum2);
            sum3 = s3.add(t3).fma(scale, sum3);
        }
        sum0.intoArray(lanes, at);
        sum1.intoArray(lanes, at + L * L);
        sum2.intoArray(lanes, at + 2 * L * L);
        sum3.intoArray(lanes, at + 3 * L * L);
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

    // spotless:on
}
