package dev.eva.tensor.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Square blocks of as many rows and columns as a vector has lanes, turned over by perfect shuffles: interleaving rows
 * {@code i} and {@code i + L/2} rotates the bits of every element's place by one, so log2(L) rounds exchange row and
 * column.
 */
final class Transpose {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;
    private static final int HALF = L / 2;
    private static final int ROUNDS = Integer.numberOfTrailingZeros(L);
    /** Lane numbers that interleave the lower (upper) halves of two vectors; lanes of the second count from L. */
    static final FloatVector LOW = interleave(0);

    static final FloatVector HIGH = interleave(HALF);
    /** Floats of scratch that {@link #block} needs. */
    static final int SCRATCH = 2 * L * L;

    private Transpose() {}

    private static FloatVector interleave(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + i / 2 + i % 2 * L;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    /** {@code out(j, i) = in(i, j)} for L x L elements; rows lie {@code inRow} and {@code outRow} apart. */
    static void block(float[] in, int inOffset, int inRow, float[] out, int outOffset, int outRow, float[] scratch) {
        if (ROUNDS == 4) {
            twoRounds(in, inOffset, inRow, scratch, 0, L);
            twoRounds(scratch, 0, L, out, outOffset, outRow);
            return;
        }
        round(in, inOffset, inRow, scratch, 0, L);
        int at = 0;
        for (int r = 2; r < ROUNDS; r++) {
            round(scratch, at, L, scratch, L * L - at, L);
            at = L * L - at;
        }
        round(scratch, at, L, out, outOffset, outRow);
    }

    private static void round(float[] in, int inOffset, int inRow, float[] out, int outOffset, int outRow) {
        for (int i = 0; i < HALF; i++) {
            FloatVector x = FloatVector.fromArray(S, in, inOffset + i * inRow);
            FloatVector y = FloatVector.fromArray(S, in, inOffset + (i + HALF) * inRow);
            LOW.selectFrom(x, y).intoArray(out, outOffset + 2 * i * outRow);
            HIGH.selectFrom(x, y).intoArray(out, outOffset + (2 * i + 1) * outRow);
        }
    }

    /** Two rounds of four rows, which stay in registers between them: storing is what a round takes longest for. */
    private static void twoRounds(float[] in, int inOffset, int inRow, float[] out, int outOffset, int outRow) {
        for (int i = 0; i < HALF / 2; i++) {
            FloatVector x = FloatVector.fromArray(S, in, inOffset + i * inRow);
            FloatVector y = FloatVector.fromArray(S, in, inOffset + (i + HALF) * inRow);
            FloatVector even = LOW.selectFrom(x, y);
            FloatVector odd = HIGH.selectFrom(x, y);
            x = FloatVector.fromArray(S, in, inOffset + (i + HALF / 2) * inRow);
            y = FloatVector.fromArray(S, in, inOffset + (i + HALF / 2 * 3) * inRow);
            FloatVector even2 = LOW.selectFrom(x, y);
            FloatVector odd2 = HIGH.selectFrom(x, y);
            int to = outOffset + 4 * i * outRow;
            LOW.selectFrom(even, even2).intoArray(out, to);
            HIGH.selectFrom(even, even2).intoArray(out, to + outRow);
            LOW.selectFrom(odd, odd2).intoArray(out, to + 2 * outRow);
            HIGH.selectFrom(odd, odd2).intoArray(out, to + 3 * outRow);
        }
    }
}
