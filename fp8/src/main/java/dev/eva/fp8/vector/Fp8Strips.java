package dev.eva.fp8.vector;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.eva.fp8.Fp8Format;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link Fp8WideRows} for more rows of x than one tile has: four rows of the weight are widened once, and
 * pass as floats through tiles of four by four or two, to the bits of {@link Fp8Tiles}.
 */
final class Fp8Strips {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final int LINE = Fp8RowLoops.LINE;
    private static final int ROW = Fp8Tiles.ROW;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int BACK = 1 + Fp8Format.E4M3.mantissaBits();
    private static final int MASK = VectorFp8Product.mask(Fp8Format.E4M3);

    private Fp8Strips() {}

    // spotless:off: one argument a line would triple the length of every call

    /** Columns {@code [from, end)} of four rows as floats that take turns, places of a lane one after the other. */
    static void widen(
            int from, int end, MemorySegment w, long w0, long w1, long w2, long w3, float[] out, int outAt) {
        for (int p = from; p < end; p += LINE) {
            int to = outAt + 4 * (p - from);
            IntVector v = IntVector.fromMemorySegment(I, w, w0 + p, LE);
            v.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to);
            v.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 4 * L);
            v.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 8 * L);
            v.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 12 * L);
            v = IntVector.fromMemorySegment(I, w, w1 + p, LE);
            v.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + L);
            v.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 5 * L);
            v.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 9 * L);
            v.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 13 * L);
            v = IntVector.fromMemorySegment(I, w, w2 + p, LE);
            v.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 2 * L);
            v.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 6 * L);
            v.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 10 * L);
            v.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 14 * L);
            v = IntVector.fromMemorySegment(I, w, w3 + p, LE);
            v.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 3 * L);
            v.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 7 * L);
            v.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 11 * L);
            v.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().intoArray(out, to + 15 * L);
        }
    }

    static void floatsFourByTwo(
            int n, float[] x, int xAt, float[] w, int wAt, float[] lanes, int at0, int at1, int at2, int at3) {
        FloatVector s00 = FloatVector.fromArray(S, lanes, at0);
        FloatVector s01 = FloatVector.fromArray(S, lanes, at0 + ROW);
        FloatVector s10 = FloatVector.fromArray(S, lanes, at1);
        FloatVector s11 = FloatVector.fromArray(S, lanes, at1 + ROW);
        FloatVector s20 = FloatVector.fromArray(S, lanes, at2);
        FloatVector s21 = FloatVector.fromArray(S, lanes, at2 + ROW);
        FloatVector s30 = FloatVector.fromArray(S, lanes, at3);
        FloatVector s31 = FloatVector.fromArray(S, lanes, at3 + ROW);
        for (int p = 0; p < n; p += L) {
            int here = xAt + 2 * p;
            int there = wAt + 4 * p;
            FloatVector c0 = FloatVector.fromArray(S, w, there);
            FloatVector c1 = FloatVector.fromArray(S, w, there + L);
            FloatVector c2 = FloatVector.fromArray(S, w, there + 2 * L);
            FloatVector c3 = FloatVector.fromArray(S, w, there + 3 * L);
            FloatVector a = FloatVector.fromArray(S, x, here);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            s20 = c2.fma(a, s20);
            s30 = c3.fma(a, s30);
            a = FloatVector.fromArray(S, x, here + L);
            s01 = c0.fma(a, s01);
            s11 = c1.fma(a, s11);
            s21 = c2.fma(a, s21);
            s31 = c3.fma(a, s31);
        }
        s00.intoArray(lanes, at0);
        s01.intoArray(lanes, at0 + ROW);
        s10.intoArray(lanes, at1);
        s11.intoArray(lanes, at1 + ROW);
        s20.intoArray(lanes, at2);
        s21.intoArray(lanes, at2 + ROW);
        s30.intoArray(lanes, at3);
        s31.intoArray(lanes, at3 + ROW);
    }

    static void floatsFourByFour(
            int n, float[] x, int xAt, float[] w, int wAt, float[] lanes, int at0, int at1, int at2, int at3) {
        FloatVector s00 = FloatVector.fromArray(S, lanes, at0);
        FloatVector s01 = FloatVector.fromArray(S, lanes, at0 + ROW);
        FloatVector s02 = FloatVector.fromArray(S, lanes, at0 + 2 * ROW);
        FloatVector s03 = FloatVector.fromArray(S, lanes, at0 + 3 * ROW);
        FloatVector s10 = FloatVector.fromArray(S, lanes, at1);
        FloatVector s11 = FloatVector.fromArray(S, lanes, at1 + ROW);
        FloatVector s12 = FloatVector.fromArray(S, lanes, at1 + 2 * ROW);
        FloatVector s13 = FloatVector.fromArray(S, lanes, at1 + 3 * ROW);
        FloatVector s20 = FloatVector.fromArray(S, lanes, at2);
        FloatVector s21 = FloatVector.fromArray(S, lanes, at2 + ROW);
        FloatVector s22 = FloatVector.fromArray(S, lanes, at2 + 2 * ROW);
        FloatVector s23 = FloatVector.fromArray(S, lanes, at2 + 3 * ROW);
        FloatVector s30 = FloatVector.fromArray(S, lanes, at3);
        FloatVector s31 = FloatVector.fromArray(S, lanes, at3 + ROW);
        FloatVector s32 = FloatVector.fromArray(S, lanes, at3 + 2 * ROW);
        FloatVector s33 = FloatVector.fromArray(S, lanes, at3 + 3 * ROW);
        for (int p = 0; p < n; p += L) {
            int here = xAt + 4 * p;
            int there = wAt + 4 * p;
            FloatVector c0 = FloatVector.fromArray(S, w, there);
            FloatVector c1 = FloatVector.fromArray(S, w, there + L);
            FloatVector c2 = FloatVector.fromArray(S, w, there + 2 * L);
            FloatVector c3 = FloatVector.fromArray(S, w, there + 3 * L);
            FloatVector a = FloatVector.fromArray(S, x, here);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            s20 = c2.fma(a, s20);
            s30 = c3.fma(a, s30);
            a = FloatVector.fromArray(S, x, here + L);
            s01 = c0.fma(a, s01);
            s11 = c1.fma(a, s11);
            s21 = c2.fma(a, s21);
            s31 = c3.fma(a, s31);
            a = FloatVector.fromArray(S, x, here + 2 * L);
            s02 = c0.fma(a, s02);
            s12 = c1.fma(a, s12);
            s22 = c2.fma(a, s22);
            s32 = c3.fma(a, s32);
            a = FloatVector.fromArray(S, x, here + 3 * L);
            s03 = c0.fma(a, s03);
            s13 = c1.fma(a, s13);
            s23 = c2.fma(a, s23);
            s33 = c3.fma(a, s33);
        }
        s00.intoArray(lanes, at0);
        s01.intoArray(lanes, at0 + ROW);
        s02.intoArray(lanes, at0 + 2 * ROW);
        s03.intoArray(lanes, at0 + 3 * ROW);
        s10.intoArray(lanes, at1);
        s11.intoArray(lanes, at1 + ROW);
        s12.intoArray(lanes, at1 + 2 * ROW);
        s13.intoArray(lanes, at1 + 3 * ROW);
        s20.intoArray(lanes, at2);
        s21.intoArray(lanes, at2 + ROW);
        s22.intoArray(lanes, at2 + 2 * ROW);
        s23.intoArray(lanes, at2 + 3 * ROW);
        s30.intoArray(lanes, at3);
        s31.intoArray(lanes, at3 + ROW);
        s32.intoArray(lanes, at3 + 2 * ROW);
        s33.intoArray(lanes, at3 + 3 * ROW);
    }

    // spotless:on
}
