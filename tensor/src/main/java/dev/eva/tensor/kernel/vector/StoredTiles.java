package dev.eva.tensor.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link VectorStored} for several rows of x where there are 32 registers: two rows of the weight by four
 * of x, four by two. Sixteen sums for six loads keep the multipliers busy, where one row of the weight by four of x
 * waits for loads. An element is the two chains of {@link VectorStored}, to the bit.
 */
final class StoredTiles {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = VectorMath.LANES;
    private static final int SQUARE = L * L;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int HIGH = 0xFFFF0000;

    private StoredTiles() {}

    // spotless:off: one argument a line would triple the length of every call

    /**
     * A vector's worth of rows of the weight at most, from {@code row} on, times {@code count} rows of x, two to four;
     * {@code lanes} is overwritten. What no vector covers is left out.
     */
    static void f32(
            int count, int cols, float[] x, int xAt, int xRow, MemorySegment w, int row, int rows, float[] lanes,
            float[] y, int yAt, int yRow) {
        // The rows of a loop lie apart: streams from memory should not run through the same pages.
        int x1 = xAt + xRow;
        int x2 = x1 + xRow;
        int x3 = count == 4 ? x2 + xRow : x2;
        int part = count == 2 ? (rows + 3) / 4 : (rows + 1) / 2;
        for (int r = 0; r < part; r++) {
            int r1 = Math.min(r + part, rows - 1);
            if (count == 2) {
                f32FourByTwo(cols, x, xAt, x1, w, row, r, r1, Math.min(r + 2 * part, rows - 1),
                        Math.min(r + 3 * part, rows - 1), lanes);
            } else {
                f32TwoByFour(cols, x, xAt, x1, x2, x3, w, row, r, r1, lanes);
            }
        }
        for (int q = 0; q < count; q++) {
            LaneSums.add(rows, lanes, q * SQUARE, y, yAt + q * yRow + row);
        }
    }

    /** The same for bfloat16; rows of x as {@link VectorStored} lays them out. */
    static void bf16(
            int count, int cols, float[] x, int xAt, int xRow, MemorySegment w, int row, int rows, float[] lanes,
            float[] y, int yAt, int yRow) {
        int x1 = xAt + xRow;
        int x2 = x1 + xRow;
        int x3 = count == 4 ? x2 + xRow : x2;
        int part = count == 2 ? (rows + 3) / 4 : (rows + 1) / 2;
        for (int r = 0; r < part; r++) {
            int r1 = Math.min(r + part, rows - 1);
            if (count == 2) {
                bf16FourByTwo(cols, x, xAt, x1, w, row, r, r1, Math.min(r + 2 * part, rows - 1),
                        Math.min(r + 3 * part, rows - 1), lanes);
            } else {
                bf16TwoByFour(cols, x, xAt, x1, x2, x3, w, row, r, r1, lanes);
            }
        }
        for (int q = 0; q < count; q++) {
            LaneSums.add(rows, lanes, q * SQUARE, y, yAt + q * yRow + row);
        }
    }

    private static void f32TwoByFour(
            int cols, float[] x, int x0, int x1, int x2, int x3, MemorySegment w, int row, int r0, int r1,
            float[] lanes) {
        long w0 = 4L * (row + r0) * cols;
        long w1 = 4L * (row + r1) * cols;
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s03 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s12 = s00;
        FloatVector s13 = s00;
        FloatVector t00 = s00;
        FloatVector t01 = s00;
        FloatVector t02 = s00;
        FloatVector t03 = s00;
        FloatVector t10 = s00;
        FloatVector t11 = s00;
        FloatVector t12 = s00;
        FloatVector t13 = s00;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            FloatVector v0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE);
            FloatVector v1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE);
            FloatVector a = FloatVector.fromArray(S, x, x0 + p);
            s00 = v0.fma(a, s00);
            s10 = v1.fma(a, s10);
            a = FloatVector.fromArray(S, x, x1 + p);
            s01 = v0.fma(a, s01);
            s11 = v1.fma(a, s11);
            a = FloatVector.fromArray(S, x, x2 + p);
            s02 = v0.fma(a, s02);
            s12 = v1.fma(a, s12);
            a = FloatVector.fromArray(S, x, x3 + p);
            s03 = v0.fma(a, s03);
            s13 = v1.fma(a, s13);
            v0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * (p + L), LE);
            v1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * (p + L), LE);
            a = FloatVector.fromArray(S, x, x0 + p + L);
            t00 = v0.fma(a, t00);
            t10 = v1.fma(a, t10);
            a = FloatVector.fromArray(S, x, x1 + p + L);
            t01 = v0.fma(a, t01);
            t11 = v1.fma(a, t11);
            a = FloatVector.fromArray(S, x, x2 + p + L);
            t02 = v0.fma(a, t02);
            t12 = v1.fma(a, t12);
            a = FloatVector.fromArray(S, x, x3 + p + L);
            t03 = v0.fma(a, t03);
            t13 = v1.fma(a, t13);
        }
        s00.add(t00).intoArray(lanes, r0 * L);
        s01.add(t01).intoArray(lanes, r0 * L + SQUARE);
        s02.add(t02).intoArray(lanes, r0 * L + 2 * SQUARE);
        s03.add(t03).intoArray(lanes, r0 * L + 3 * SQUARE);
        s10.add(t10).intoArray(lanes, r1 * L);
        s11.add(t11).intoArray(lanes, r1 * L + SQUARE);
        s12.add(t12).intoArray(lanes, r1 * L + 2 * SQUARE);
        s13.add(t13).intoArray(lanes, r1 * L + 3 * SQUARE);
    }

    private static void f32FourByTwo(
            int cols, float[] x, int x0, int x1, MemorySegment w, int row, int r0, int r1, int r2, int r3,
            float[] lanes) {
        long w0 = 4L * (row + r0) * cols;
        long w1 = 4L * (row + r1) * cols;
        long w2 = 4L * (row + r2) * cols;
        long w3 = 4L * (row + r3) * cols;
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        FloatVector t00 = s00;
        FloatVector t01 = s00;
        FloatVector t10 = s00;
        FloatVector t11 = s00;
        FloatVector t20 = s00;
        FloatVector t21 = s00;
        FloatVector t30 = s00;
        FloatVector t31 = s00;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            FloatVector v0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE);
            FloatVector v1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE);
            FloatVector v2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * p, LE);
            FloatVector v3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * p, LE);
            FloatVector a = FloatVector.fromArray(S, x, x0 + p);
            s00 = v0.fma(a, s00);
            s10 = v1.fma(a, s10);
            s20 = v2.fma(a, s20);
            s30 = v3.fma(a, s30);
            a = FloatVector.fromArray(S, x, x1 + p);
            s01 = v0.fma(a, s01);
            s11 = v1.fma(a, s11);
            s21 = v2.fma(a, s21);
            s31 = v3.fma(a, s31);
            v0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * (p + L), LE);
            v1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * (p + L), LE);
            v2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * (p + L), LE);
            v3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * (p + L), LE);
            a = FloatVector.fromArray(S, x, x0 + p + L);
            t00 = v0.fma(a, t00);
            t10 = v1.fma(a, t10);
            t20 = v2.fma(a, t20);
            t30 = v3.fma(a, t30);
            a = FloatVector.fromArray(S, x, x1 + p + L);
            t01 = v0.fma(a, t01);
            t11 = v1.fma(a, t11);
            t21 = v2.fma(a, t21);
            t31 = v3.fma(a, t31);
        }
        s00.add(t00).intoArray(lanes, r0 * L);
        s01.add(t01).intoArray(lanes, r0 * L + SQUARE);
        s10.add(t10).intoArray(lanes, r1 * L);
        s11.add(t11).intoArray(lanes, r1 * L + SQUARE);
        s20.add(t20).intoArray(lanes, r2 * L);
        s21.add(t21).intoArray(lanes, r2 * L + SQUARE);
        s30.add(t30).intoArray(lanes, r3 * L);
        s31.add(t31).intoArray(lanes, r3 * L + SQUARE);
    }

    private static void bf16TwoByFour(
            int cols, float[] x, int x0, int x1, int x2, int x3, MemorySegment w, int row, int r0, int r1,
            float[] lanes) {
        long w0 = 2L * (row + r0) * cols;
        long w1 = 2L * (row + r1) * cols;
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = s00;
        FloatVector s02 = s00;
        FloatVector s03 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s12 = s00;
        FloatVector s13 = s00;
        FloatVector t00 = s00;
        FloatVector t01 = s00;
        FloatVector t02 = s00;
        FloatVector t03 = s00;
        FloatVector t10 = s00;
        FloatVector t11 = s00;
        FloatVector t12 = s00;
        FloatVector t13 = s00;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            FloatVector c0 = v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c1 = v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector a = FloatVector.fromArray(S, x, x0 + p);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            a = FloatVector.fromArray(S, x, x1 + p);
            s01 = c0.fma(a, s01);
            s11 = c1.fma(a, s11);
            a = FloatVector.fromArray(S, x, x2 + p);
            s02 = c0.fma(a, s02);
            s12 = c1.fma(a, s12);
            a = FloatVector.fromArray(S, x, x3 + p);
            s03 = c0.fma(a, s03);
            s13 = c1.fma(a, s13);
            c0 = v0.and(HIGH).reinterpretAsFloats();
            c1 = v1.and(HIGH).reinterpretAsFloats();
            a = FloatVector.fromArray(S, x, x0 + p + L);
            t00 = c0.fma(a, t00);
            t10 = c1.fma(a, t10);
            a = FloatVector.fromArray(S, x, x1 + p + L);
            t01 = c0.fma(a, t01);
            t11 = c1.fma(a, t11);
            a = FloatVector.fromArray(S, x, x2 + p + L);
            t02 = c0.fma(a, t02);
            t12 = c1.fma(a, t12);
            a = FloatVector.fromArray(S, x, x3 + p + L);
            t03 = c0.fma(a, t03);
            t13 = c1.fma(a, t13);
        }
        s00.add(t00).intoArray(lanes, r0 * L);
        s01.add(t01).intoArray(lanes, r0 * L + SQUARE);
        s02.add(t02).intoArray(lanes, r0 * L + 2 * SQUARE);
        s03.add(t03).intoArray(lanes, r0 * L + 3 * SQUARE);
        s10.add(t10).intoArray(lanes, r1 * L);
        s11.add(t11).intoArray(lanes, r1 * L + SQUARE);
        s12.add(t12).intoArray(lanes, r1 * L + 2 * SQUARE);
        s13.add(t13).intoArray(lanes, r1 * L + 3 * SQUARE);
    }

    private static void bf16FourByTwo(
            int cols, float[] x, int x0, int x1, MemorySegment w, int row, int r0, int r1, int r2, int r3,
            float[] lanes) {
        long w0 = 2L * (row + r0) * cols;
        long w1 = 2L * (row + r1) * cols;
        long w2 = 2L * (row + r2) * cols;
        long w3 = 2L * (row + r3) * cols;
        FloatVector s00 = FloatVector.zero(S);
        FloatVector s01 = s00;
        FloatVector s10 = s00;
        FloatVector s11 = s00;
        FloatVector s20 = s00;
        FloatVector s21 = s00;
        FloatVector s30 = s00;
        FloatVector s31 = s00;
        FloatVector t00 = s00;
        FloatVector t01 = s00;
        FloatVector t10 = s00;
        FloatVector t11 = s00;
        FloatVector t20 = s00;
        FloatVector t21 = s00;
        FloatVector t30 = s00;
        FloatVector t31 = s00;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + 2L * p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + 2L * p, LE);
            FloatVector c0 = v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c1 = v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c2 = v2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c3 = v3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector a = FloatVector.fromArray(S, x, x0 + p);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            s20 = c2.fma(a, s20);
            s30 = c3.fma(a, s30);
            a = FloatVector.fromArray(S, x, x1 + p);
            s01 = c0.fma(a, s01);
            s11 = c1.fma(a, s11);
            s21 = c2.fma(a, s21);
            s31 = c3.fma(a, s31);
            c0 = v0.and(HIGH).reinterpretAsFloats();
            c1 = v1.and(HIGH).reinterpretAsFloats();
            c2 = v2.and(HIGH).reinterpretAsFloats();
            c3 = v3.and(HIGH).reinterpretAsFloats();
            a = FloatVector.fromArray(S, x, x0 + p + L);
            t00 = c0.fma(a, t00);
            t10 = c1.fma(a, t10);
            t20 = c2.fma(a, t20);
            t30 = c3.fma(a, t30);
            a = FloatVector.fromArray(S, x, x1 + p + L);
            t01 = c0.fma(a, t01);
            t11 = c1.fma(a, t11);
            t21 = c2.fma(a, t21);
            t31 = c3.fma(a, t31);
        }
        s00.add(t00).intoArray(lanes, r0 * L);
        s01.add(t01).intoArray(lanes, r0 * L + SQUARE);
        s10.add(t10).intoArray(lanes, r1 * L);
        s11.add(t11).intoArray(lanes, r1 * L + SQUARE);
        s20.add(t20).intoArray(lanes, r2 * L);
        s21.add(t21).intoArray(lanes, r2 * L + SQUARE);
        s30.add(t30).intoArray(lanes, r3 * L);
        s31.add(t31).intoArray(lanes, r3 * L + SQUARE);
    }

    // spotless:on
}
