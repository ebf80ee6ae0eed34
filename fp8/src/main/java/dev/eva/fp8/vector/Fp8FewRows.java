package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Product;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows of x times a weight in E4M3, lanes along k, codes widened in registers as {@link VectorFp8Product} says. As
 * a lane holds four neighbours, x is laid out beforehand by place modulo four; it is multiplied with the scales of the
 * weight's blocks and with half of the missing power of two then, and the result with the other half, which keeps
 * products in range. So a row of the weight is one loop, whatever blocks it crosses.
 *
 * <p>An element is two chains of fused multiply-adds a lane and strip; strips are added up, lanes at the end.
 */
final class Fp8FewRows {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Codes of a vector. */
    private static final int LINE = 4 * L;

    private static final int BLOCK = Fp8Blocks.BLOCK;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int MAGNITUDES = 0x7F7F7F7F;
    /** Columns whose values of four rows of x stay in the first-level cache. */
    private static final int STRIP = 8 * BLOCK;
    /** How far a code at the top of its place moves back, what then belongs to it, and the least that is no number. */
    private static final int BACK = 1 + Fp8Format.E4M3.mantissaBits();

    private static final int MASK = VectorFp8Product.mask(Fp8Format.E4M3);
    private static final byte SPECIAL = (byte) Fp8Format.E4M3.firstSpecial();
    /** The square root of the missing power of two. */
    private static final float HALF = (float) Math.sqrt(VectorFp8Product.rebias(Fp8Format.E4M3));

    private static final int ABS = 0x7FFFFFFF;
    /** Larger or smaller values of x go to the reference: scaled, they would leave the range of float32. */
    private static final float LARGEST = 0x1p120f;

    private static final float SMALLEST = 1f;
    private static final Reduction SUMS = Kernels.find(Reduction.class, Reduction.REFERENCE);
    /** Rows of x as the loops read them, and the sums lane by lane; the memory of one thread. */
    private static final ThreadLocal<float[][]> SCRATCH =
            ThreadLocal.withInitial(() -> new float[][] {{}, new float[4 * L * L]});

    /** Lane numbers of every second value of two vectors. */
    private static final FloatVector EVENS = everySecond(0);

    private static final FloatVector ODDS = everySecond(1);

    private Fp8FewRows() {}

    private static FloatVector everySecond(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + 2 * i;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    // spotless:off: one argument a line would triple the length of every call

    /** {@link Fp8Product#multiply} for E4M3. */
    static void multiply(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        int grid = Fp8Blocks.blocks(cols);
        for (int j = from; j < to; ) {
            int block = j / BLOCK;
            int end = Math.min(to, (block + 1) * BLOCK);
            if (apart(m, cols, x, xOffset, xRow, scales, block * grid)) {
                for (int r = j; r < end; r += L) {
                    rows(m, cols, x, xOffset, xRow, codes, scales, r, Math.min(end, r + L), y, yOffset, yRow);
                }
            } else {
                reference(m, cols, x, xOffset, xRow, codes, scales, j, end, y, yOffset, yRow);
            }
            j = end;
        }
    }

    /** At most a vector's worth of rows of the weight, times all rows of x. */
    private static void rows(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        float[] apart = SCRATCH.get()[0];
        float[] lanes = SCRATCH.get()[1];
        int rows = to - from;
        int whole = cols / LINE * LINE;
        boolean numbers = true;
        int i = 0;
        for (int grouped = grouped(m); i < grouped; i += 4) {
            Arrays.fill(lanes, 0f);
            for (int p = 0; p < whole; p += STRIP) {
                int end = Math.min(whole, p + STRIP);
                for (int r = 0; r < rows; r++) {
                    long at = (long) (from + r) * cols;
                    numbers &= four(p, end, apart, i * cols, codes, at, lanes, r * L);
                }
            }
            for (int q = 0; q < Math.min(4, m - i); q++) {
                SUMS.sumEach(rows, L, lanes, q * L * L, y, yOffset + (i + q) * yRow + from);
            }
        }
        if (i < m) {
            for (int r = 0; r < rows; r += 2) {
                long at = (long) (from + r) * cols;
                long next = r + 1 < rows ? at + cols : at;
                numbers &= pair(whole, apart, i * cols, codes, at, next, lanes, r * L);
            }
            SUMS.sumEach(rows, L, lanes, 0, y, yOffset + i * yRow + from);
        }
        finish(m, cols, x, xOffset, xRow, codes, scales, from, to, numbers, y, yOffset, yRow);
    }

    /** Rows of x that go in fours, zeros after the last if need be: two rows cost less that way than one by one. */
    private static int grouped(int m) {
        return (m + 2) / 4 * 4;
    }

    private static void reference(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        Fp8Product.REFERENCE.multiply(
                Fp8Format.E4M3, m, cols, x, xOffset, xRow, codes, scales, from, to, y, yOffset, yRow);
    }

    /** The other half of the power of two, and what no vector covered; or all of it where a code is no number. */
    private static void finish(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, boolean numbers, float[] y, int yOffset, int yRow) {
        if (!numbers) {
            reference(m, cols, x, xOffset, xRow, codes, scales, from, to, y, yOffset, yRow);
            return;
        }
        int whole = cols / LINE * LINE;
        int grid = Fp8Blocks.blocks(cols);
        for (int i = 0; i < m; i++) {
            for (int j = from; j < to; j++) {
                int at = yOffset + i * yRow + j;
                y[at] *= HALF;
                if (whole < cols) {
                    float rest = 0f;
                    for (int p = whole; p < cols; p++) {
                        float w = Fp8Format.E4M3.decode(codes.get(ValueLayout.JAVA_BYTE, (long) j * cols + p));
                        rest = Math.fma(x[xOffset + i * xRow + p], w, rest);
                    }
                    y[at] = Math.fma(rest, scales[(j / BLOCK + 1) * grid - 1], y[at]);
                }
            }
        }
    }

    /**
     * Rows of x into scratch, by place modulo four within every line, times the scales of the weight's blocks and half
     * of the power of two. Rows in fours take turns vector by vector. False if a row is out of range.
     */
    private static boolean apart(int m, int cols, float[] x, int xOffset, int xRow, float[] scales, int scalesAt) {
        float[][] scratch = SCRATCH.get();
        int grouped = grouped(m);
        int size = Math.max(m, grouped) * cols;
        if (scratch[0].length < size) {
            scratch[0] = new float[size];
        }
        float[] out = scratch[0];
        if (m < grouped) {
            Arrays.fill(out, (grouped - 4) * cols, grouped * cols, 0f);
        }
        int whole = cols / LINE * LINE;
        for (int i = 0; i < m; i++) {
            int step = i < grouped ? 4 : 1;
            int to = i < grouped ? i / 4 * 4 * cols + i % 4 * L : i * cols;
            int amax = 0;
            for (int b = 0; b * BLOCK < whole; b++) {
                int p = b * BLOCK;
                int n = Math.min(BLOCK, whole - p);
                float factor = HALF * scales[scalesAt + b];
                amax = Math.max(amax, apart(n, factor, x, xOffset + i * xRow + p, out, to + step * p, step));
            }
            float largest = Float.intBitsToFloat(amax);
            if (!(largest < LARGEST) || largest != 0f && largest <= SMALLEST) {
                return false;
            }
        }
        return true;
    }

    /** One block of one row; the bits of its largest absolute value. */
    private static int apart(int n, float factor, float[] x, int in, float[] out, int to, int step) {
        IntVector most = IntVector.zero(I);
        for (int p = 0; p < n; p += LINE) {
            FloatVector a = FloatVector.fromArray(S, x, in + p).mul(factor);
            FloatVector b = FloatVector.fromArray(S, x, in + p + L).mul(factor);
            FloatVector c = FloatVector.fromArray(S, x, in + p + 2 * L).mul(factor);
            FloatVector d = FloatVector.fromArray(S, x, in + p + 3 * L).mul(factor);
            most = most.max(a.reinterpretAsInts().and(ABS)).max(b.reinterpretAsInts().and(ABS));
            most = most.max(c.reinterpretAsInts().and(ABS)).max(d.reinterpretAsInts().and(ABS));
            int at = to + step * p;
            FloatVector abEven = EVENS.selectFrom(a, b);
            FloatVector cdEven = EVENS.selectFrom(c, d);
            EVENS.selectFrom(abEven, cdEven).intoArray(out, at);
            ODDS.selectFrom(abEven, cdEven).intoArray(out, at + 2 * L * step);
            FloatVector abOdd = ODDS.selectFrom(a, b);
            FloatVector cdOdd = ODDS.selectFrom(c, d);
            EVENS.selectFrom(abOdd, cdOdd).intoArray(out, at + L * step);
            ODDS.selectFrom(abOdd, cdOdd).intoArray(out, at + 3 * L * step);
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    /** Two rows of the weight, one of x: whether all codes were numbers. */
    private static boolean pair(
            int whole, float[] x, int xAt, MemorySegment w, long base, long next, float[] lanes, int at) {
        FloatVector sum0 = FloatVector.zero(S);
        FloatVector sum1 = FloatVector.zero(S);
        ByteVector most = ByteVector.zero(B);
        for (int from = 0; from < whole; from += STRIP) {
            FloatVector s0 = FloatVector.zero(S);
            FloatVector s1 = s0;
            FloatVector t0 = s0;
            FloatVector t1 = s0;
            int end = Math.min(whole, from + STRIP);
            for (int p = from; p < end; p += LINE) {
                IntVector v0 = IntVector.fromMemorySegment(I, w, base + p, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, w, next + p, LE);
                most = most.max(v0.and(MAGNITUDES).reinterpretAsBytes());
                most = most.max(v1.and(MAGNITUDES).reinterpretAsBytes());
                IntVector h0 = v0.reinterpretAsShorts().lanewise(VectorOperators.ASHR, BACK).reinterpretAsInts();
                IntVector h1 = v1.reinterpretAsShorts().lanewise(VectorOperators.ASHR, BACK).reinterpretAsInts();
                FloatVector a = FloatVector.fromArray(S, x, xAt + p + 3 * L);
                s0 = h0.and(MASK).reinterpretAsFloats().fma(a, s0);
                s1 = h1.and(MASK).reinterpretAsFloats().fma(a, s1);
                a = FloatVector.fromArray(S, x, xAt + p + L);
                t0 = h0.lanewise(VectorOperators.LSHL, 16).and(MASK).reinterpretAsFloats().fma(a, t0);
                t1 = h1.lanewise(VectorOperators.LSHL, 16).and(MASK).reinterpretAsFloats().fma(a, t1);
                v0 = v0.lanewise(VectorOperators.LSHL, 8);
                v1 = v1.lanewise(VectorOperators.LSHL, 8);
                h0 = v0.reinterpretAsShorts().lanewise(VectorOperators.ASHR, BACK).reinterpretAsInts();
                h1 = v1.reinterpretAsShorts().lanewise(VectorOperators.ASHR, BACK).reinterpretAsInts();
                a = FloatVector.fromArray(S, x, xAt + p + 2 * L);
                s0 = h0.and(MASK).reinterpretAsFloats().fma(a, s0);
                s1 = h1.and(MASK).reinterpretAsFloats().fma(a, s1);
                a = FloatVector.fromArray(S, x, xAt + p);
                t0 = h0.lanewise(VectorOperators.LSHL, 16).and(MASK).reinterpretAsFloats().fma(a, t0);
                t1 = h1.lanewise(VectorOperators.LSHL, 16).and(MASK).reinterpretAsFloats().fma(a, t1);
            }
            sum0 = sum0.add(s0.add(t0));
            sum1 = sum1.add(s1.add(t1));
        }
        sum0.intoArray(lanes, at);
        sum1.intoArray(lanes, at + L);
        return !most.compare(VectorOperators.GE, SPECIAL).anyTrue();
    }

    /** A strip of one row of the weight, four rows of x; adds to their lanes, which lie a square apart. */
    private static boolean four(
            int from, int end, float[] x, int xAt, MemorySegment w, long base, float[] lanes,
            int at) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        ByteVector most = ByteVector.zero(B);
        for (int p = from; p < end; p += LINE) {
            IntVector v = IntVector.fromMemorySegment(I, w, base + p, LE);
            most = most.max(v.and(MAGNITUDES).reinterpretAsBytes());
            // A loop: with its turns written out, C2 stops inlining and allocates vectors.
            for (int r = 0; r < 2; r++) {
                int here = xAt + 4 * p + (3 - r) * 4 * L;
                IntVector h = v.lanewise(VectorOperators.LSHL, 8 * r)
                        .reinterpretAsShorts().lanewise(VectorOperators.ASHR, BACK).reinterpretAsInts();
                FloatVector c = h.and(MASK).reinterpretAsFloats();
                s0 = c.fma(FloatVector.fromArray(S, x, here), s0);
                s1 = c.fma(FloatVector.fromArray(S, x, here + L), s1);
                s2 = c.fma(FloatVector.fromArray(S, x, here + 2 * L), s2);
                s3 = c.fma(FloatVector.fromArray(S, x, here + 3 * L), s3);
                here -= 8 * L;
                FloatVector d = h.lanewise(VectorOperators.LSHL, 16).and(MASK).reinterpretAsFloats();
                t0 = d.fma(FloatVector.fromArray(S, x, here), t0);
                t1 = d.fma(FloatVector.fromArray(S, x, here + L), t1);
                t2 = d.fma(FloatVector.fromArray(S, x, here + 2 * L), t2);
                t3 = d.fma(FloatVector.fromArray(S, x, here + 3 * L), t3);
            }
        }
        FloatVector.fromArray(S, lanes, at).add(s0.add(t0)).intoArray(lanes, at);
        at += L * L;
        FloatVector.fromArray(S, lanes, at).add(s1.add(t1)).intoArray(lanes, at);
        at += L * L;
        FloatVector.fromArray(S, lanes, at).add(s2.add(t2)).intoArray(lanes, at);
        at += L * L;
        FloatVector.fromArray(S, lanes, at).add(s3.add(t3)).intoArray(lanes, at);
        return !most.compare(VectorOperators.GE, SPECIAL).anyTrue();
    }

    // spotless:on
}
