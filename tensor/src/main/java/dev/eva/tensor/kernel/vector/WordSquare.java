package dev.eva.tensor.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Squares of 32-bit words turned over, as many rows and columns as a vector has lanes: the rounds of {@link Transpose}
 * two by two, so that a word is loaded and stored half as often. What a word holds does not matter: two bfloat16 or
 * four codes, which are widened after.
 */
final class WordSquare {
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = I.length();
    private static final int QUARTER = L / 4;
    /** Lane numbers that interleave the lower (upper) halves of two vectors; lanes of the second count from L. */
    private static final IntVector LOW = interleave(0);

    private static final IntVector HIGH = interleave(L / 2);
    /** Words of scratch that {@link #turn} needs. */
    static final int SCRATCH = L * L;

    private WordSquare() {}

    /**
     * Two pairs of rounds, for 16 lanes: where two vectors are shuffled into one by a single instruction. With AVX2 it
     * takes several, and words moved one by one were as fast.
     */
    static boolean works() {
        return L == 16;
    }

    private static IntVector interleave(int first) {
        int[] lanes = new int[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + i / 2 + i % 2 * L;
        }
        return IntVector.fromArray(I, lanes, 0);
    }

    /** {@code out[at + q L + r]} is word q of row r; a row begins {@code stride} bytes after the one before. */
    static void turn(MemorySegment w, long from, long stride, int[] out, int at, int[] scratch) {
        for (int i = 0; i < QUARTER; i++) {
            long row = from + i * stride;
            IntVector a = IntVector.fromMemorySegment(I, w, row, ByteOrder.LITTLE_ENDIAN);
            IntVector b = IntVector.fromMemorySegment(I, w, row + QUARTER * stride, ByteOrder.LITTLE_ENDIAN);
            IntVector c = IntVector.fromMemorySegment(I, w, row + 2 * QUARTER * stride, ByteOrder.LITTLE_ENDIAN);
            IntVector d = IntVector.fromMemorySegment(I, w, row + 3 * QUARTER * stride, ByteOrder.LITTLE_ENDIAN);
            IntVector ac = LOW.selectFrom(a, c);
            IntVector bd = LOW.selectFrom(b, d);
            int to = 4 * i * L;
            LOW.selectFrom(ac, bd).intoArray(scratch, to);
            HIGH.selectFrom(ac, bd).intoArray(scratch, to + L);
            ac = HIGH.selectFrom(a, c);
            bd = HIGH.selectFrom(b, d);
            LOW.selectFrom(ac, bd).intoArray(scratch, to + 2 * L);
            HIGH.selectFrom(ac, bd).intoArray(scratch, to + 3 * L);
        }
        again(scratch, out, at);
    }

    private static void again(int[] in, int[] out, int at) {
        for (int i = 0; i < QUARTER; i++) {
            IntVector a = IntVector.fromArray(I, in, i * L);
            IntVector b = IntVector.fromArray(I, in, (i + QUARTER) * L);
            IntVector c = IntVector.fromArray(I, in, (i + 2 * QUARTER) * L);
            IntVector d = IntVector.fromArray(I, in, (i + 3 * QUARTER) * L);
            IntVector ac = LOW.selectFrom(a, c);
            IntVector bd = LOW.selectFrom(b, d);
            int to = at + 4 * i * L;
            LOW.selectFrom(ac, bd).intoArray(out, to);
            HIGH.selectFrom(ac, bd).intoArray(out, to + L);
            ac = HIGH.selectFrom(a, c);
            bd = HIGH.selectFrom(b, d);
            LOW.selectFrom(ac, bd).intoArray(out, to + 2 * L);
            HIGH.selectFrom(ac, bd).intoArray(out, to + 3 * L);
        }
    }
}
