package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.Lines;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Few rows of x times a stored weight where there are 32 registers. Rows of x are copied so that four take turns vector
 * by vector, from a line's boundary on: a tile of {@link StoredTiles} then reads them as one stream. More than four go
 * through the weights strip by strip, which stay in the first-level cache.
 */
final class StoredRows {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;
    private static final int ROWS = StoredTiles.ROWS;
    private static final int ROW = StoredTiles.ROW;
    /** Where sums go that nobody needs. */
    private static final int NOWHERE = ROWS * L;
    /** Rows of a tile. */
    private static final int TILE = 4;
    /** Columns of a strip of float32; of bfloat16 twice as many. */
    private static final int STRIP = 512;
    /** Lane numbers of every second value of two vectors. */
    private static final FloatVector EVENS = everySecond(0);

    private static final FloatVector ODDS = everySecond(1);
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private StoredRows() {}

    /** Memory of one thread; grows, never shrinks. */
    private static final class Scratch {
        private float[] x = new float[0];
        private float[] lanes = new float[0];

        float[] x(int size) {
            if (x.length < size) {
                x = new float[size];
            }
            return x;
        }

        float[] lanes(int rows) {
            if (lanes.length < rows * ROW + Lines.FLOATS) {
                lanes = new float[rows * ROW + Lines.FLOATS];
            }
            return lanes;
        }
    }

    private static FloatVector everySecond(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + 2 * i;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    // spotless:off: one argument a line would triple the length of every call

    /**
     * As {@link VectorStored#multiplyF32} or, for {@code halves}, {@link VectorStored#multiplyBf16}, without what no
     * pair of vectors covers.
     */
    static void multiply(
            boolean halves, int m, int cols, float[] x, int xOffset, int xRow, MemorySegment w, int from, int to,
            float[] y, int yOffset, int yRow) {
        Scratch scratch = SCRATCH.get();
        int whole = cols / (2 * L) * 2 * L;
        float[] lanes = scratch.lanes(m + 1);
        int lanesAt = Lines.toBoundary(lanes);
        float[] apart = x;
        int apartAt = xOffset;
        if (m > 1 || halves) {
            apart = scratch.x((m + 1) * whole + Lines.FLOATS);
            apartAt = Lines.toBoundary(apart);
            apart(halves, m, whole, x, xOffset, xRow, apart, apartAt);
        }
        int block = m > TILE ? L : ROWS;
        int tiled = m % TILE == 1 ? m - 1 : m;
        for (int j = from; j < to; j += block) {
            int rows = Math.min(block, to - j);
            clear(tiled, rows, lanes, lanesAt);
            int part = (rows + TILE - 1) / TILE;
            for (int r = 0; r < part && tiled > 0; r++) {
                tiles(halves, tiled, cols, apart, apartAt, w, j, r, part, rows, lanes, lanesAt);
            }
            if (tiled < m) {
                one(halves, cols, apart, apartAt + tiled * whole, w, j, rows, lanes, lanesAt + tiled * ROW);
            }
            sums(m, rows, lanes, lanesAt, y, yOffset + j, yRow);
        }
    }

    /** Four rows of the weight, which lie apart: streams from memory should not run through the same pages. */
    private static void tiles(
            boolean halves, int m, int cols, float[] x, int xAt, MemorySegment w, int row, int r, int part, int rows,
            float[] lanes, int lanesAt) {
        int whole = cols / (2 * L) * 2 * L;
        long size = (halves ? 2L : 4L) * cols;
        long w0 = (row + r) * size;
        long w1 = (row + within(r, part, rows)) * size;
        long w2 = (row + within(r, 2 * part, rows)) * size;
        long w3 = (row + within(r, 3 * part, rows)) * size;
        int at0 = lanesAt + r * L;
        int at1 = lanesAt + place(r + part, rows);
        int at2 = lanesAt + place(r + 2 * part, rows);
        int at3 = lanesAt + place(r + 3 * part, rows);
        int strip = m <= TILE ? whole : halves ? 2 * STRIP : STRIP;
        for (int p = 0; p < whole; p += strip) {
            int end = Math.min(whole, p + strip);
            for (int i = 0; i < m; i += TILE) {
                int here = xAt + i * whole;
                int to = i * ROW;
                if (m - i > 2) {
                    if (halves) {
                        StoredTiles.bf16FourByFour(p, end, x, here, w, w0, w1, w2, w3, lanes, to + at0, to + at1,
                                to + at2, to + at3);
                    } else {
                        StoredTiles.f32FourByFour(p, end, x, here, w, w0, w1, w2, w3, lanes, to + at0, to + at1,
                                to + at2, to + at3);
                    }
                } else if (halves) {
                    StoredTiles.bf16FourByTwo(p, end, x, here, w, w0, w1, w2, w3, lanes, to + at0, to + at1, to + at2,
                            to + at3);
                } else {
                    StoredTiles.f32FourByTwo(p, end, x, here, w, w0, w1, w2, w3, lanes, to + at0, to + at1, to + at2,
                            to + at3);
                }
            }
        }
    }

    /** One row of x; float32 is read fastest in four streams, bfloat16 in eight. */
    private static void one(
            boolean halves, int cols, float[] x, int xAt, MemorySegment w, int row, int rows,
            float[] lanes, int lanesAt) {
        int whole = cols / (2 * L) * 2 * L;
        long size = (halves ? 2L : 4L) * cols;
        int streams = halves ? 8 : 4;
        int part = (rows + streams - 1) / streams;
        for (int r = 0; r < part; r++) {
            long w0 = (row + r) * size;
            long w1 = (row + within(r, part, rows)) * size;
            long w2 = (row + within(r, 2 * part, rows)) * size;
            long w3 = (row + within(r, 3 * part, rows)) * size;
            if (halves) {
                long w4 = (row + within(r, 4 * part, rows)) * size;
                long w5 = (row + within(r, 5 * part, rows)) * size;
                long w6 = (row + within(r, 6 * part, rows)) * size;
                long w7 = (row + within(r, 7 * part, rows)) * size;
                StoredTiles.bf16EightByOne(whole, x, xAt, w, w0, w1, w2, w3, w4, w5, w6, w7, lanes,
                        lanesAt + r * L, part * L);
            } else {
                StoredTiles.f32FourByOne(whole, x, xAt, w, w0, w1, w2, w3, lanes, lanesAt + r * L, part * L);
            }
        }
    }

    /** A row further down, or, where the block has ended, the same one again. */
    private static int within(int row, int further, int rows) {
        return row + further < rows ? row + further : row;
    }

    private static int place(int row, int rows) {
        return row < rows ? row * L : NOWHERE;
    }

    private static void clear(int m, int rows, float[] lanes, int lanesAt) {
        for (int i = 0; i < m; i++) {
            Arrays.fill(lanes, lanesAt + i * ROW, lanesAt + i * ROW + rows * L, 0f);
        }
    }

    private static void sums(int m, int rows, float[] lanes, int lanesAt, float[] y, int yAt, int yRow) {
        for (int i = 0; i < m; i++) {
            for (int r = 0; r < rows; r += L) {
                LaneSums.add(Math.min(L, rows - r), lanes, lanesAt + i * ROW + r * L, y, yAt + i * yRow + r);
            }
        }
    }

    /** Rows of x as tiles take them; for bfloat16 the even places of two vectors, then the odd ones. */
    private static void apart(
            boolean halves, int m, int whole, float[] x, int xOffset, int xRow, float[] out, int outAt) {
        for (int i = 0; i < m; i++) {
            int first = i / TILE * TILE;
            int step = m - first > 2 ? TILE : m - first;
            if (i == first && m - first == 3) {
                Arrays.fill(out, outAt + first * whole, outAt + (first + step) * whole, 0f);
            }
            int at = outAt + first * whole + (i - first) * L;
            int from = xOffset + i * xRow;
            for (int p = 0; p < whole; p += 2 * L) {
                FloatVector low = FloatVector.fromArray(S, x, from + p);
                FloatVector high = FloatVector.fromArray(S, x, from + p + L);
                if (halves) {
                    EVENS.selectFrom(low, high).intoArray(out, at + step * p);
                    ODDS.selectFrom(low, high).intoArray(out, at + step * (p + L));
                } else {
                    low.intoArray(out, at + step * p);
                    high.intoArray(out, at + step * (p + L));
                }
            }
        }
    }

    // spotless:on
}
