package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Product;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Lines;
import dev.eva.tensor.kernel.Reduction;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows of x times a weight in E4M3, lanes along k, codes widened in registers as {@link VectorFp8Product} says. As
 * a lane holds four neighbours, x is laid out beforehand by place modulo four; it is multiplied with the scales of the
 * weight's blocks and with half of the missing power of two then, and the result with the other half, which keeps
 * products in range. So a row of the weight is one loop, whatever blocks it crosses: {@link Fp8RowLoops}.
 */
final class Fp8FewRows {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Vectors of 64 bytes come with 32 registers: {@link Fp8WideRows}. */
    private static final boolean WIDE = L == 16;

    private static final int BLOCK = Fp8Blocks.BLOCK;
    /** The square root of the missing power of two. */
    private static final float HALF = (float) Math.sqrt(VectorFp8Product.rebias(Fp8Format.E4M3));

    private static final int ABS = 0x7FFFFFFF;
    /** Larger or smaller values of x go to the reference: scaled, they would leave the range of float32. */
    private static final float LARGEST = 0x1p120f;

    private static final float SMALLEST = 1f;
    private static final int OUT_OF_RANGE = -1;
    private static final Reduction SUMS = Kernels.find(Reduction.class, Reduction.REFERENCE);
    /** Rows of x as the loops read them, and the sums lane by lane; the memory of one thread. */
    private static final ThreadLocal<float[][]> SCRATCH =
            ThreadLocal.withInitial(() -> new float[][] {{}, new float[4 * Fp8RowLoops.SQUARE]});

    /** Lane numbers of every second value of two vectors. */
    private static final FloatVector EVENS = everySecond(0);

    private static final FloatVector ODDS = everySecond(1);

    /** The same within one vector, twice; of a second vector the upper half is taken. */
    private static final VectorShuffle<Float> EVEN_LANES = VectorShuffle.fromOp(S, i -> 2 * i % L);

    private static final VectorShuffle<Float> ODD_LANES = VectorShuffle.fromOp(S, i -> (2 * i + 1) % L);
    private static final VectorMask<Float> UPPER = VectorMask.fromLong(S, -1L << L / 2);

    private Fp8FewRows() {}

    /** Every second value of two vectors; of eight lanes, choosing out of two vectors is several instructions. */
    private static FloatVector evens(FloatVector a, FloatVector b) {
        return L == 8
                ? a.rearrange(EVEN_LANES).blend(b.rearrange(EVEN_LANES), UPPER)
                : EVENS.selectFrom(a, b);
    }

    private static FloatVector odds(FloatVector a, FloatVector b) {
        return L == 8 ? a.rearrange(ODD_LANES).blend(b.rearrange(ODD_LANES), UPPER) : ODDS.selectFrom(a, b);
    }

    private static FloatVector everySecond(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + 2 * i;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    // spotless:off: one argument a line would triple the length of every call

    /** {@link Fp8Product#multiply} for codes in E4M3 that are numbers. */
    static void multiply(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        int grid = Fp8Blocks.blocks(cols);
        for (int j = from; j < to; ) {
            int block = j / BLOCK;
            int end = Math.min(to, (block + 1) * BLOCK);
            int at = apart(m, cols, x, xOffset, xRow, scales, block * grid);
            if (at != OUT_OF_RANGE) {
                if (WIDE) {
                    Fp8WideRows.multiply(m, cols, SCRATCH.get()[0], at, codes, j, end, y, yOffset, yRow);
                } else {
                    narrow(m, cols, codes, j, end, y, yOffset, yRow);
                }
                finish(m, cols, x, xOffset, xRow, codes, scales, j, end, y, yOffset, yRow);
            } else {
                Fp8Product.REFERENCE.multiply(Fp8Format.E4M3, m, cols, x, xOffset, xRow, codes, scales, true,
                        j, end, y, yOffset, yRow);
            }
            j = end;
        }
    }

    private static void narrow(
            int m, int cols, MemorySegment codes, int from, int to, float[] y, int yOffset, int yRow) {
        for (int i = 0; i < m; i += together(m, i)) {
            int at = yOffset + i * yRow;
            switch (together(m, i)) {
                case 1 -> quarters(i, cols, codes, from, to, y, at);
                case 2 -> halves(i, cols, codes, from, to, y, at, yRow);
                default -> fours(Math.min(4, m - i), i, cols, codes, from, to, y, at, yRow);
            }
        }
    }

    /** Rows of x that a loop takes from row i on: four, of which the last may be missing, or the two or one left. */
    private static int together(int m, int i) {
        return m - i >= 3 ? 4 : m - i;
    }

    /** Four rows of x, strip by strip, so that they stay in the first-level cache. */
    private static void fours(
            int rows, int i, int cols, MemorySegment codes, int from, int to, float[] y, int yOffset, int yRow) {
        float[] apart = SCRATCH.get()[0];
        float[] lanes = SCRATCH.get()[1];
        int whole = cols / Fp8RowLoops.LINE * Fp8RowLoops.LINE;
        for (int j = from; j < to; j += L) {
            int count = Math.min(L, to - j);
            Arrays.fill(lanes, 0f);
            for (int p = 0; p < whole; p += Fp8RowLoops.STRIP) {
                int end = Math.min(whole, p + Fp8RowLoops.STRIP);
                for (int r = 0; r < count; r++) {
                    Fp8RowLoops.four(p, end, apart, i * cols, codes, (long) (j + r) * cols, lanes, r * L);
                }
            }
            for (int q = 0; q < rows; q++) {
                SUMS.sumEach(count, L, lanes, q * Fp8RowLoops.SQUARE, y, yOffset + q * yRow + j);
            }
        }
    }

    /**
     * One row of x, four rows of the weight at a time, a quarter of all rows apart: four streams from memory are read
     * faster than one, but not four that run through the same pages.
     */
    private static void quarters(int i, int cols, MemorySegment codes, int from, int to, float[] y, int yOffset) {
        float[] apart = SCRATCH.get()[0];
        float[] lanes = SCRATCH.get()[1];
        int whole = cols / Fp8RowLoops.LINE * Fp8RowLoops.LINE;
        int quarter = (to - from + 3) / 4;
        for (int j = from; j < from + quarter; j += L) {
            int count = Math.min(L, from + quarter - j);
            Arrays.fill(lanes, 0f);
            for (int r = 0; r < count; r++) {
                long row0 = rowAt(j + r, to, cols);
                long row1 = rowAt(j + r + quarter, to, cols);
                long row2 = rowAt(j + r + 2 * quarter, to, cols);
                long row3 = rowAt(j + r + 3 * quarter, to, cols);
                for (int p = 0; p < whole; p += Fp8RowLoops.STRIP) {
                    int end = Math.min(whole, p + Fp8RowLoops.STRIP);
                    Fp8RowLoops.oneByFour(p, end, apart, i * cols, codes, row0, row1, row2, row3, lanes, r * L);
                }
            }
            for (int q = 0; q < 4; q++) {
                int here = j + q * quarter;
                SUMS.sumEach(Math.clamp(to - here, 0, count), L, lanes, q * Fp8RowLoops.SQUARE, y, yOffset + here);
            }
        }
    }

    /** Where a row begins; the last one's in place of rows behind it, which a loop then reads for nothing. */
    private static long rowAt(int row, int to, int cols) {
        return (long) Math.min(row, to - 1) * cols;
    }

    /** Two rows of x, two rows of the weight at a time, half of all rows apart. */
    private static void halves(
            int i, int cols, MemorySegment codes, int from, int to, float[] y, int yOffset, int yRow) {
        float[] apart = SCRATCH.get()[0];
        float[] lanes = SCRATCH.get()[1];
        int whole = cols / Fp8RowLoops.LINE * Fp8RowLoops.LINE;
        int half = (to - from + 1) / 2;
        for (int j = from; j < from + half; j += L) {
            int count = Math.min(L, from + half - j);
            for (int r = 0; r < count; r++) {
                Fp8RowLoops.twoByTwo(whole, apart, i * cols, codes,
                        rowAt(j + r, to, cols), rowAt(j + r + half, to, cols), lanes, r * L);
            }
            for (int q = 0; q < 2; q++) {
                int here = yOffset + q * yRow + j;
                SUMS.sumEach(count, L, lanes, 2 * q * Fp8RowLoops.SQUARE, y, here);
                SUMS.sumEach(Math.min(count, to - half - j), L, lanes, (2 * q + 1) * Fp8RowLoops.SQUARE, y,
                        here + half);
            }
        }
    }

    /** The other half of the power of two, and what no vector covered. */
    private static void finish(
            int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            int from, int to, float[] y, int yOffset, int yRow) {
        int whole = cols / Fp8RowLoops.LINE * Fp8RowLoops.LINE;
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
     * of the power of two. Rows that a loop takes together take turns vector by vector. Returns where they begin, for a
     * collector may move the array and its boundary with it, or {@link #OUT_OF_RANGE}.
     */
    private static int apart(int m, int cols, float[] x, int xOffset, int xRow, float[] scales, int scalesAt) {
        float[][] scratch = SCRATCH.get();
        int last = Math.max(0, m - 1) / 4 * 4;
        int rows = last + together(m, last);
        if (scratch[0].length < rows * cols + Lines.FLOATS) {
            scratch[0] = new float[rows * cols + Lines.FLOATS];
        }
        float[] out = scratch[0];
        int outAt = WIDE ? Lines.toBoundary(out) : 0;
        if (rows > m) {
            Arrays.fill(out, outAt + last * cols, outAt + rows * cols, 0f);
        }
        int whole = cols / Fp8RowLoops.LINE * Fp8RowLoops.LINE;
        for (int i = 0; i < m; i++) {
            int first = i / 4 * 4;
            int step = together(m, first);
            int to = outAt + first * cols + (i - first) * L;
            int amax = 0;
            for (int b = 0; b * BLOCK < whole; b++) {
                int p = b * BLOCK;
                int n = Math.min(BLOCK, whole - p);
                float factor = HALF * scales[scalesAt + b];
                amax = Math.max(amax, apart(n, factor, x, xOffset + i * xRow + p, out, to + step * p, step));
            }
            float largest = Float.intBitsToFloat(amax);
            if (!(largest < LARGEST) || largest != 0f && largest <= SMALLEST) {
                return OUT_OF_RANGE;
            }
        }
        return outAt;
    }

    /** One block of one row; the bits of its largest absolute value. */
    private static int apart(int n, float factor, float[] x, int in, float[] out, int to, int step) {
        IntVector most = IntVector.zero(I);
        for (int p = 0; p < n; p += Fp8RowLoops.LINE) {
            FloatVector a = FloatVector.fromArray(S, x, in + p).mul(factor);
            FloatVector b = FloatVector.fromArray(S, x, in + p + L).mul(factor);
            FloatVector c = FloatVector.fromArray(S, x, in + p + 2 * L).mul(factor);
            FloatVector d = FloatVector.fromArray(S, x, in + p + 3 * L).mul(factor);
            most = most.max(a.reinterpretAsInts().and(ABS)).max(b.reinterpretAsInts().and(ABS));
            most = most.max(c.reinterpretAsInts().and(ABS)).max(d.reinterpretAsInts().and(ABS));
            int at = to + step * p;
            FloatVector abEven = evens(a, b);
            FloatVector cdEven = evens(c, d);
            evens(abEven, cdEven).intoArray(out, at);
            odds(abEven, cdEven).intoArray(out, at + 2 * L * step);
            FloatVector abOdd = odds(a, b);
            FloatVector cdOdd = odds(c, d);
            evens(abOdd, cdOdd).intoArray(out, at + L * step);
            odds(abOdd, cdOdd).intoArray(out, at + 3 * L * step);
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    // spotless:on
}
