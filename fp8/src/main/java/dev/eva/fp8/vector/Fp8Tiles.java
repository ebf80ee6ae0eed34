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
 * The loops of {@link Fp8WideRows}, for 32 registers: columns {@code [from, end)} of four rows of the weight times four
 * rows of x, two or one, codes widened as in {@link Fp8RowLoops}. An element is one chain of fused multiply-adds a
 * lane, line by line, the places of a lane from the lowest on; the sums of tiles come from {@code lanes} and go back
 * there, so that a chain may be cut between any two lines.
 *
 * <p>Rows of x take turns vector by vector. The sums of a row of x lie {@link #ROW} behind those of the one before.
 */
final class Fp8Tiles {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final int LINE = Fp8RowLoops.LINE;
    /** Rows of the weight whose sums have a place; one place more takes what nobody needs. */
    static final int ROWS = 64;
    /** Sums lane by lane of a row of x. */
    static final int ROW = (ROWS + 1) * L;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int BACK = 1 + Fp8Format.E4M3.mantissaBits();
    private static final int MASK = VectorFp8Product.mask(Fp8Format.E4M3);

    private Fp8Tiles() {}

    // spotless:off: one argument a line would triple the length of every call

    static void fourByOne(
            int end, float[] x, int xAt, MemorySegment w, long w0, long w1, long w2, long w3,
            float[] lanes, int at, int part) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int p = 0; p < end; p += LINE) {
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + p, LE);
            FloatVector a = FloatVector.fromArray(S, x, xAt + p);
            s0 = v0.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s0);
            s1 = v1.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s1);
            s2 = v2.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s2);
            s3 = v3.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s3);
            a = FloatVector.fromArray(S, x, xAt + p + L);
            s0 = v0.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s0);
            s1 = v1.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s1);
            s2 = v2.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s2);
            s3 = v3.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s3);
            a = FloatVector.fromArray(S, x, xAt + p + 2 * L);
            s0 = v0.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s0);
            s1 = v1.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s1);
            s2 = v2.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s2);
            s3 = v3.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s3);
            a = FloatVector.fromArray(S, x, xAt + p + 3 * L);
            s0 = v0.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s0);
            s1 = v1.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s1);
            s2 = v2.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s2);
            s3 = v3.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s3);
        }
        s0.intoArray(lanes, at);
        s1.intoArray(lanes, at + part);
        s2.intoArray(lanes, at + 2 * part);
        s3.intoArray(lanes, at + 3 * part);
    }

    static void fourByTwo(
            int from, int end, float[] x, int xAt, MemorySegment w, long w0, long w1, long w2, long w3,
            float[] lanes, int at0, int at1, int at2, int at3) {
        FloatVector s00 = FloatVector.fromArray(S, lanes, at0);
        FloatVector s01 = FloatVector.fromArray(S, lanes, at0 + ROW);
        FloatVector s10 = FloatVector.fromArray(S, lanes, at1);
        FloatVector s11 = FloatVector.fromArray(S, lanes, at1 + ROW);
        FloatVector s20 = FloatVector.fromArray(S, lanes, at2);
        FloatVector s21 = FloatVector.fromArray(S, lanes, at2 + ROW);
        FloatVector s30 = FloatVector.fromArray(S, lanes, at3);
        FloatVector s31 = FloatVector.fromArray(S, lanes, at3 + ROW);
        for (int p = from; p < end; p += LINE) {
            int here = xAt + 2 * p;
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + p, LE);
            FloatVector a0 = FloatVector.fromArray(S, x, here);
            FloatVector a1 = FloatVector.fromArray(S, x, here + L);
            FloatVector c = v0.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            c = v1.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            c = v2.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            c = v3.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            a0 = FloatVector.fromArray(S, x, here + 2 * L);
            a1 = FloatVector.fromArray(S, x, here + 3 * L);
            c = v0.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            c = v1.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            c = v2.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            c = v3.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            a0 = FloatVector.fromArray(S, x, here + 4 * L);
            a1 = FloatVector.fromArray(S, x, here + 5 * L);
            c = v0.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            c = v1.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            c = v2.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            c = v3.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            a0 = FloatVector.fromArray(S, x, here + 6 * L);
            a1 = FloatVector.fromArray(S, x, here + 7 * L);
            c = v0.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            c = v1.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            c = v2.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            c = v3.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
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

    static void fourByFour(
            int from, int end, float[] x, int xAt, MemorySegment w, long w0, long w1, long w2, long w3,
            float[] lanes, int at0, int at1, int at2, int at3) {
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
        for (int p = from; p < end; p += LINE) {
            int here = xAt + 4 * p;
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + p, LE);
            FloatVector a0 = FloatVector.fromArray(S, x, here);
            FloatVector a1 = FloatVector.fromArray(S, x, here + L);
            FloatVector a2 = FloatVector.fromArray(S, x, here + 2 * L);
            FloatVector a3 = FloatVector.fromArray(S, x, here + 3 * L);
            FloatVector c = v0.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            s02 = c.fma(a2, s02);
            s03 = c.fma(a3, s03);
            c = v1.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            s12 = c.fma(a2, s12);
            s13 = c.fma(a3, s13);
            c = v2.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            s22 = c.fma(a2, s22);
            s23 = c.fma(a3, s23);
            c = v3.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            s32 = c.fma(a2, s32);
            s33 = c.fma(a3, s33);
            a0 = FloatVector.fromArray(S, x, here + 4 * L);
            a1 = FloatVector.fromArray(S, x, here + 5 * L);
            a2 = FloatVector.fromArray(S, x, here + 6 * L);
            a3 = FloatVector.fromArray(S, x, here + 7 * L);
            c = v0.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            s02 = c.fma(a2, s02);
            s03 = c.fma(a3, s03);
            c = v1.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            s12 = c.fma(a2, s12);
            s13 = c.fma(a3, s13);
            c = v2.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            s22 = c.fma(a2, s22);
            s23 = c.fma(a3, s23);
            c = v3.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            s32 = c.fma(a2, s32);
            s33 = c.fma(a3, s33);
            a0 = FloatVector.fromArray(S, x, here + 8 * L);
            a1 = FloatVector.fromArray(S, x, here + 9 * L);
            a2 = FloatVector.fromArray(S, x, here + 10 * L);
            a3 = FloatVector.fromArray(S, x, here + 11 * L);
            c = v0.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            s02 = c.fma(a2, s02);
            s03 = c.fma(a3, s03);
            c = v1.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            s12 = c.fma(a2, s12);
            s13 = c.fma(a3, s13);
            c = v2.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            s22 = c.fma(a2, s22);
            s23 = c.fma(a3, s23);
            c = v3.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            s32 = c.fma(a2, s32);
            s33 = c.fma(a3, s33);
            a0 = FloatVector.fromArray(S, x, here + 12 * L);
            a1 = FloatVector.fromArray(S, x, here + 13 * L);
            a2 = FloatVector.fromArray(S, x, here + 14 * L);
            a3 = FloatVector.fromArray(S, x, here + 15 * L);
            c = v0.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s00 = c.fma(a0, s00);
            s01 = c.fma(a1, s01);
            s02 = c.fma(a2, s02);
            s03 = c.fma(a3, s03);
            c = v1.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s10 = c.fma(a0, s10);
            s11 = c.fma(a1, s11);
            s12 = c.fma(a2, s12);
            s13 = c.fma(a3, s13);
            c = v2.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s20 = c.fma(a0, s20);
            s21 = c.fma(a1, s21);
            s22 = c.fma(a2, s22);
            s23 = c.fma(a3, s23);
            c = v3.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s30 = c.fma(a0, s30);
            s31 = c.fma(a1, s31);
            s32 = c.fma(a2, s32);
            s33 = c.fma(a3, s33);
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
