package dev.eva.fp8.vector;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link Fp8FewRows} over codes in E4M3. A code of a 32-bit lane is shifted to the top and back with its
 * sign; what is left of its neighbours is masked. Shifts of 16-bit lanes do two codes at once, but their count is not
 * part of the instruction, and loading it costs more.
 *
 * <p>An element is two chains of fused multiply-adds a lane and strip, one of the upper two places of a lane and one of
 * the lower two; strips are added up. What is left are squares of lanes, one for a row of x and one of the weight whose
 * neighbours have the other rows of the square: first those of a row of x, then those of the next. Codes are
 * numbers: a code that is none would be taken for one.
 */
final class Fp8RowLoops {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Codes of a vector. */
    static final int LINE = 4 * L;
    /** Sums lane by lane of a vector's worth of rows. */
    static final int SQUARE = L * L;
    /** Columns whose values of four rows of x stay in the first-level cache. */
    static final int STRIP = 8 * Fp8Blocks.BLOCK;

    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    /** How far a code at the top of its place moves back, and what then belongs to it. */
    private static final int BACK = 1 + Fp8Format.E4M3.mantissaBits();

    private static final int MASK = VectorFp8Product.mask(Fp8Format.E4M3);

    private Fp8RowLoops() {}

    // spotless:off: one call a line would triple the length of every expression

    /**
     * Four rows of the weight, one of x, from column {@code from} to {@code end}, a strip; adds to squares of lanes one
     * behind the other.
     */
    static void oneByFour(
            int from, int end, float[] x, int xAt, MemorySegment w, long row0, long row1, long row2, long row3,
            float[] lanes, int at) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        for (int p = from; p < end; p += LINE) {
            IntVector v0 = IntVector.fromMemorySegment(I, w, row0 + p, LE);
            IntVector v1 = IntVector.fromMemorySegment(I, w, row1 + p, LE);
            IntVector v2 = IntVector.fromMemorySegment(I, w, row2 + p, LE);
            IntVector v3 = IntVector.fromMemorySegment(I, w, row3 + p, LE);
            FloatVector a = FloatVector.fromArray(S, x, xAt + p + 3 * L);
            s0 = v0.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s0);
            s1 = v1.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s1);
            s2 = v2.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s2);
            s3 = v3.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s3);
            a = FloatVector.fromArray(S, x, xAt + p + 2 * L);
            s0 = v0.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s0);
            s1 = v1.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s1);
            s2 = v2.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s2);
            s3 = v3.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, s3);
            a = FloatVector.fromArray(S, x, xAt + p + L);
            t0 = v0.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t0);
            t1 = v1.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t1);
            t2 = v2.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t2);
            t3 = v3.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t3);
            a = FloatVector.fromArray(S, x, xAt + p);
            t0 = v0.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t0);
            t1 = v1.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t1);
            t2 = v2.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t2);
            t3 = v3.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats().fma(a, t3);
        }
        FloatVector.fromArray(S, lanes, at).add(s0.add(t0)).intoArray(lanes, at);
        FloatVector.fromArray(S, lanes, at + SQUARE).add(s1.add(t1)).intoArray(lanes, at + SQUARE);
        FloatVector.fromArray(S, lanes, at + 2 * SQUARE).add(s2.add(t2)).intoArray(lanes, at + 2 * SQUARE);
        FloatVector.fromArray(S, lanes, at + 3 * SQUARE).add(s3.add(t3)).intoArray(lanes, at + 3 * SQUARE);
    }

    /** Two rows of the weight, two of x, whose vectors take turns. */
    static void twoByTwo(
            int whole, float[] x, int xAt, MemorySegment w, long base, long next, float[] lanes, int at) {
        FloatVector sum00 = FloatVector.zero(S);
        FloatVector sum01 = sum00;
        FloatVector sum10 = sum00;
        FloatVector sum11 = sum00;
        for (int from = 0; from < whole; from += STRIP) {
            FloatVector s00 = FloatVector.zero(S);
            FloatVector s01 = s00;
            FloatVector s10 = s00;
            FloatVector s11 = s00;
            FloatVector t00 = s00;
            FloatVector t01 = s00;
            FloatVector t10 = s00;
            FloatVector t11 = s00;
            int end = Math.min(whole, from + STRIP);
            for (int p = from; p < end; p += LINE) {
                int here = xAt + 2 * p;
                IntVector v0 = IntVector.fromMemorySegment(I, w, base + p, LE);
                IntVector v1 = IntVector.fromMemorySegment(I, w, next + p, LE);
                FloatVector a = FloatVector.fromArray(S, x, here + 6 * L);
                FloatVector b = FloatVector.fromArray(S, x, here + 7 * L);
                FloatVector c = v0.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                s00 = c.fma(a, s00);
                s10 = c.fma(b, s10);
                c = v1.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                s01 = c.fma(a, s01);
                s11 = c.fma(b, s11);
                a = FloatVector.fromArray(S, x, here + 4 * L);
                b = FloatVector.fromArray(S, x, here + 5 * L);
                c = v0.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                s00 = c.fma(a, s00);
                s10 = c.fma(b, s10);
                c = v1.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                s01 = c.fma(a, s01);
                s11 = c.fma(b, s11);
                a = FloatVector.fromArray(S, x, here + 2 * L);
                b = FloatVector.fromArray(S, x, here + 3 * L);
                c = v0.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                t00 = c.fma(a, t00);
                t10 = c.fma(b, t10);
                c = v1.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                t01 = c.fma(a, t01);
                t11 = c.fma(b, t11);
                a = FloatVector.fromArray(S, x, here);
                b = FloatVector.fromArray(S, x, here + L);
                c = v0.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                t00 = c.fma(a, t00);
                t10 = c.fma(b, t10);
                c = v1.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
                t01 = c.fma(a, t01);
                t11 = c.fma(b, t11);
            }
            sum00 = sum00.add(s00.add(t00));
            sum01 = sum01.add(s01.add(t01));
            sum10 = sum10.add(s10.add(t10));
            sum11 = sum11.add(s11.add(t11));
        }
        sum00.intoArray(lanes, at);
        sum01.intoArray(lanes, at + SQUARE);
        sum10.intoArray(lanes, at + 2 * SQUARE);
        sum11.intoArray(lanes, at + 3 * SQUARE);
    }

    /** A strip of one row of the weight, four rows of x; adds to their lanes. */
    static void four(
            int from, int end, float[] x, int xAt, MemorySegment w, long base, float[] lanes, int at) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        for (int p = from; p < end; p += LINE) {
            int here = xAt + 4 * p;
            IntVector v = IntVector.fromMemorySegment(I, w, base + p, LE);
            FloatVector c = v.lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s0 = c.fma(FloatVector.fromArray(S, x, here + 12 * L), s0);
            s1 = c.fma(FloatVector.fromArray(S, x, here + 13 * L), s1);
            s2 = c.fma(FloatVector.fromArray(S, x, here + 14 * L), s2);
            s3 = c.fma(FloatVector.fromArray(S, x, here + 15 * L), s3);
            c = v.lanewise(LSHL, 8).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            s0 = c.fma(FloatVector.fromArray(S, x, here + 8 * L), s0);
            s1 = c.fma(FloatVector.fromArray(S, x, here + 9 * L), s1);
            s2 = c.fma(FloatVector.fromArray(S, x, here + 10 * L), s2);
            s3 = c.fma(FloatVector.fromArray(S, x, here + 11 * L), s3);
            c = v.lanewise(LSHL, 16).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            t0 = c.fma(FloatVector.fromArray(S, x, here + 4 * L), t0);
            t1 = c.fma(FloatVector.fromArray(S, x, here + 5 * L), t1);
            t2 = c.fma(FloatVector.fromArray(S, x, here + 6 * L), t2);
            t3 = c.fma(FloatVector.fromArray(S, x, here + 7 * L), t3);
            c = v.lanewise(LSHL, 24).lanewise(ASHR, BACK).and(MASK).reinterpretAsFloats();
            t0 = c.fma(FloatVector.fromArray(S, x, here), t0);
            t1 = c.fma(FloatVector.fromArray(S, x, here + L), t1);
            t2 = c.fma(FloatVector.fromArray(S, x, here + 2 * L), t2);
            t3 = c.fma(FloatVector.fromArray(S, x, here + 3 * L), t3);
        }
        FloatVector.fromArray(S, lanes, at).add(s0.add(t0)).intoArray(lanes, at);
        FloatVector.fromArray(S, lanes, at + SQUARE).add(s1.add(t1)).intoArray(lanes, at + SQUARE);
        FloatVector.fromArray(S, lanes, at + 2 * SQUARE).add(s2.add(t2)).intoArray(lanes, at + 2 * SQUARE);
        FloatVector.fromArray(S, lanes, at + 3 * SQUARE).add(s3.add(t3)).intoArray(lanes, at + 3 * SQUARE);
    }

    // spotless:on
}
