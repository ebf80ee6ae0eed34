package dev.eva.tensor.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link StoredRows}, for 32 registers: four rows of the weight by four of x or two, columns
 * {@code [from, end)}, and one row of x. Sixteen sums for eight loads keep the multipliers busy. An element is a chain
 * of fused multiply-adds a lane in the order of the columns, for bfloat16 the even ones of a line before the odd ones;
 * the sums come from {@code lanes} and go back there, so that a chain may be cut anywhere.
 *
 * <p>Rows of x take turns vector by vector. The sums of a row of x lie {@link #ROW} behind those of the one before.
 */
final class StoredTiles {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = VectorMath.LANES;
    /** Rows of the weight whose sums have a place; one place more takes what nobody needs. */
    static final int ROWS = 64;
    /** Sums lane by lane of a row of x. */
    static final int ROW = (ROWS + 1) * L;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int HIGH = 0xFFFF0000;

    private StoredTiles() {}

    // spotless:off: one argument a line would triple the length of every call

    static void f32FourByFour(
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
        for (int p = from; p < end; p += L) {
            int here = xAt + 4 * p;
            FloatVector c0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE);
            FloatVector c1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE);
            FloatVector c2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * p, LE);
            FloatVector c3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * p, LE);
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

    static void f32FourByTwo(
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
        for (int p = from; p < end; p += 2 * L) {
            int here = xAt + 2 * p;
            FloatVector c0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE);
            FloatVector c1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE);
            FloatVector c2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * p, LE);
            FloatVector c3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * p, LE);
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
            c0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * (p + L), LE);
            c1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * (p + L), LE);
            c2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * (p + L), LE);
            c3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * (p + L), LE);
            a = FloatVector.fromArray(S, x, here + 2 * L);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            s20 = c2.fma(a, s20);
            s30 = c3.fma(a, s30);
            a = FloatVector.fromArray(S, x, here + 3 * L);
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

    static void bf16FourByFour(
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
        for (int p = from; p < end; p += 2 * L) {
            int here = xAt + 4 * p;
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + 2L * p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + 2L * p, LE);
            FloatVector c0 = v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c1 = v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c2 = v2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c3 = v3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
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
            c0 = v0.and(HIGH).reinterpretAsFloats();
            c1 = v1.and(HIGH).reinterpretAsFloats();
            c2 = v2.and(HIGH).reinterpretAsFloats();
            c3 = v3.and(HIGH).reinterpretAsFloats();
            a = FloatVector.fromArray(S, x, here + 4 * L);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            s20 = c2.fma(a, s20);
            s30 = c3.fma(a, s30);
            a = FloatVector.fromArray(S, x, here + 5 * L);
            s01 = c0.fma(a, s01);
            s11 = c1.fma(a, s11);
            s21 = c2.fma(a, s21);
            s31 = c3.fma(a, s31);
            a = FloatVector.fromArray(S, x, here + 6 * L);
            s02 = c0.fma(a, s02);
            s12 = c1.fma(a, s12);
            s22 = c2.fma(a, s22);
            s32 = c3.fma(a, s32);
            a = FloatVector.fromArray(S, x, here + 7 * L);
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

    static void bf16FourByTwo(
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
        for (int p = from; p < end; p += 2 * L) {
            int here = xAt + 2 * p;
            IntVector v0 = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, w2 + 2L * p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, w3 + 2L * p, LE);
            FloatVector c0 = v0.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c1 = v1.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c2 = v2.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            FloatVector c3 = v3.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
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
            c0 = v0.and(HIGH).reinterpretAsFloats();
            c1 = v1.and(HIGH).reinterpretAsFloats();
            c2 = v2.and(HIGH).reinterpretAsFloats();
            c3 = v3.and(HIGH).reinterpretAsFloats();
            a = FloatVector.fromArray(S, x, here + 2 * L);
            s00 = c0.fma(a, s00);
            s10 = c1.fma(a, s10);
            s20 = c2.fma(a, s20);
            s30 = c3.fma(a, s30);
            a = FloatVector.fromArray(S, x, here + 3 * L);
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

    static void f32FourByOne(
            int end, float[] x, int xAt, MemorySegment w, long w0, long w1, long w2, long w3,
            float[] lanes, int at, int part) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        for (int p = 0; p < end; p += 2 * L) {
            FloatVector a = FloatVector.fromArray(S, x, xAt + p);
            s0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE).fma(a, s0);
            s1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE).fma(a, s1);
            s2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * p, LE).fma(a, s2);
            s3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * p, LE).fma(a, s3);
            a = FloatVector.fromArray(S, x, xAt + p + L);
            s0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * (p + L), LE).fma(a, s0);
            s1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * (p + L), LE).fma(a, s1);
            s2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * (p + L), LE).fma(a, s2);
            s3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * (p + L), LE).fma(a, s3);
        }
        s0.intoArray(lanes, at);
        s1.intoArray(lanes, at + part);
        s2.intoArray(lanes, at + 2 * part);
        s3.intoArray(lanes, at + 3 * part);
    }

    static void bf16EightByOne(
            int end, float[] x, int xAt, MemorySegment w, long w0, long w1, long w2, long w3,
            long w4, long w5, long w6, long w7, float[] lanes, int at, int part) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector s4 = s0;
        FloatVector s5 = s0;
        FloatVector s6 = s0;
        FloatVector s7 = s0;
        for (int p = 0; p < end; p += 2 * L) {
            FloatVector a = FloatVector.fromArray(S, x, xAt + p);
            FloatVector b = FloatVector.fromArray(S, x, xAt + p + L);
            IntVector two = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            s0 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s0);
            s0 = two.and(HIGH).reinterpretAsFloats().fma(b, s0);
            two = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            s1 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s1);
            s1 = two.and(HIGH).reinterpretAsFloats().fma(b, s1);
            two = IntVector.fromMemorySegment(I, w, w2 + 2L * p, LE);
            s2 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s2);
            s2 = two.and(HIGH).reinterpretAsFloats().fma(b, s2);
            two = IntVector.fromMemorySegment(I, w, w3 + 2L * p, LE);
            s3 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s3);
            s3 = two.and(HIGH).reinterpretAsFloats().fma(b, s3);
            two = IntVector.fromMemorySegment(I, w, w4 + 2L * p, LE);
            s4 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s4);
            s4 = two.and(HIGH).reinterpretAsFloats().fma(b, s4);
            two = IntVector.fromMemorySegment(I, w, w5 + 2L * p, LE);
            s5 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s5);
            s5 = two.and(HIGH).reinterpretAsFloats().fma(b, s5);
            two = IntVector.fromMemorySegment(I, w, w6 + 2L * p, LE);
            s6 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s6);
            s6 = two.and(HIGH).reinterpretAsFloats().fma(b, s6);
            two = IntVector.fromMemorySegment(I, w, w7 + 2L * p, LE);
            s7 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s7);
            s7 = two.and(HIGH).reinterpretAsFloats().fma(b, s7);
        }
        s0.intoArray(lanes, at);
        s1.intoArray(lanes, at + part);
        s2.intoArray(lanes, at + 2 * part);
        s3.intoArray(lanes, at + 3 * part);
        s4.intoArray(lanes, at + 4 * part);
        s5.intoArray(lanes, at + 5 * part);
        s6.intoArray(lanes, at + 6 * part);
        s7.intoArray(lanes, at + 7 * part);
    }

    // spotless:on
}
