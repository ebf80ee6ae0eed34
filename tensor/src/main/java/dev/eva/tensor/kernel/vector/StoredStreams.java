package dev.eva.tensor.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of {@link VectorStored} for one row of x: four rows of the weight at a time, a quarter of a block apart.
 * Four streams from memory are read up to twice as fast as one, but not if they run through the same pages. An element
 * is the two chains of {@link VectorStored}, to the bit.
 */
final class StoredStreams {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final int L = VectorMath.LANES;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int HIGH = 0xFFFF0000;
    private static final int STREAMS = 4;
    /** Rows that four streams share: one has two vectors' worth of rows or one. */
    private static final int BLOCK = Math.max(64, STREAMS * L);

    private StoredStreams() {}

    // spotless:off: one argument a line would triple the length of every call

    /** Rows {@code [from, to)}, as {@link VectorStored#multiplyF32} without what no vector covers. */
    static void f32(
            int cols, float[] x, int xAt, MemorySegment w, int from, int to, float[] lanes, float[] y, int yAt) {
        for (int j = from; j < to; j += BLOCK) {
            int end = Math.min(to, j + BLOCK);
            int part = (end - j + STREAMS - 1) / STREAMS;
            for (int i = 0; i < part; i += L) {
                int rows = Math.min(L, part - i);
                for (int r = 0; r < rows; r++) {
                    int at = j + i + r;
                    f32Row(cols, x, xAt, w, at, within(at, part, end), within(at, 2 * part, end),
                            within(at, 3 * part, end), lanes, r * L);
                }
                sums(j + i, part, rows, end, lanes, y, yAt);
            }
        }
    }

    /** The same for bfloat16; x as {@link VectorStored} lays it out. */
    static void bf16(
            int cols, float[] x, int xAt, MemorySegment w, int from, int to, float[] lanes, float[] y, int yAt) {
        for (int j = from; j < to; j += BLOCK) {
            int end = Math.min(to, j + BLOCK);
            int part = (end - j + STREAMS - 1) / STREAMS;
            for (int i = 0; i < part; i += L) {
                int rows = Math.min(L, part - i);
                for (int r = 0; r < rows; r++) {
                    int at = j + i + r;
                    bf16Row(cols, x, xAt, w, at, within(at, part, end), within(at, 2 * part, end),
                            within(at, 3 * part, end), lanes, r * L);
                }
                sums(j + i, part, rows, end, lanes, y, yAt);
            }
        }
    }

    /** A row further down, or, where the block has ended, the same one again. */
    private static int within(int row, int further, int end) {
        return row + further < end ? row + further : row;
    }

    private static void sums(int row, int part, int rows, int end, float[] lanes, float[] y, int yAt) {
        for (int s = 0; s < STREAMS; s++) {
            int first = row + s * part;
            LaneSums.add(Math.min(rows, end - first), lanes, s * L * L, y, yAt + first);
        }
    }

    private static void f32Row(
            int cols, float[] x, int xAt, MemorySegment w, int row0, int row1, int row2, int row3,
            float[] lanes, int at) {
        long w0 = 4L * row0 * cols;
        long w1 = 4L * row1 * cols;
        long w2 = 4L * row2 * cols;
        long w3 = 4L * row3 * cols;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            FloatVector a = FloatVector.fromArray(S, x, xAt + p);
            s0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * p, LE).fma(a, s0);
            s1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * p, LE).fma(a, s1);
            s2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * p, LE).fma(a, s2);
            s3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * p, LE).fma(a, s3);
            FloatVector b = FloatVector.fromArray(S, x, xAt + p + L);
            t0 = FloatVector.fromMemorySegment(S, w, w0 + 4L * (p + L), LE).fma(b, t0);
            t1 = FloatVector.fromMemorySegment(S, w, w1 + 4L * (p + L), LE).fma(b, t1);
            t2 = FloatVector.fromMemorySegment(S, w, w2 + 4L * (p + L), LE).fma(b, t2);
            t3 = FloatVector.fromMemorySegment(S, w, w3 + 4L * (p + L), LE).fma(b, t3);
        }
        s0.add(t0).intoArray(lanes, at);
        s1.add(t1).intoArray(lanes, at + L * L);
        s2.add(t2).intoArray(lanes, at + 2 * L * L);
        s3.add(t3).intoArray(lanes, at + 3 * L * L);
    }

    private static void bf16Row(
            int cols, float[] x, int xAt, MemorySegment w, int row0, int row1, int row2, int row3,
            float[] lanes, int at) {
        long w0 = 2L * row0 * cols;
        long w1 = 2L * row1 * cols;
        long w2 = 2L * row2 * cols;
        long w3 = 2L * row3 * cols;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        FloatVector t0 = s0;
        FloatVector t1 = s0;
        FloatVector t2 = s0;
        FloatVector t3 = s0;
        for (int p = 0, whole = cols / (2 * L) * 2 * L; p < whole; p += 2 * L) {
            FloatVector a = FloatVector.fromArray(S, x, xAt + p);
            FloatVector b = FloatVector.fromArray(S, x, xAt + p + L);
            IntVector two = IntVector.fromMemorySegment(I, w, w0 + 2L * p, LE);
            s0 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s0);
            t0 = two.and(HIGH).reinterpretAsFloats().fma(b, t0);
            two = IntVector.fromMemorySegment(I, w, w1 + 2L * p, LE);
            s1 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s1);
            t1 = two.and(HIGH).reinterpretAsFloats().fma(b, t1);
            two = IntVector.fromMemorySegment(I, w, w2 + 2L * p, LE);
            s2 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s2);
            t2 = two.and(HIGH).reinterpretAsFloats().fma(b, t2);
            two = IntVector.fromMemorySegment(I, w, w3 + 2L * p, LE);
            s3 = two.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().fma(a, s3);
            t3 = two.and(HIGH).reinterpretAsFloats().fma(b, t3);
        }
        s0.add(t0).intoArray(lanes, at);
        s1.add(t1).intoArray(lanes, at + L * L);
        s2.add(t2).intoArray(lanes, at + 2 * L * L);
        s3.add(t3).intoArray(lanes, at + 3 * L * L);
    }

    // spotless:on
}
