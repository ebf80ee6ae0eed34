package dev.eva.fp8.vector;

import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Lines;
import dev.eva.tensor.kernel.Reduction;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Few rows of x times codes in E4M3 where there are 32 registers, x laid out by {@link Fp8FewRows}. Up to six rows
 * take the codes as they are; more take strips of four rows of the weight that were widened once, and stay in the
 * first-level cache meanwhile.
 */
final class Fp8WideRows {
    private static final int L = FloatVector.SPECIES_PREFERRED.length();
    private static final int LINE = Fp8RowLoops.LINE;
    private static final int ROWS = Fp8Tiles.ROWS;
    private static final int ROW = Fp8Tiles.ROW;
    /** Where sums go that nobody needs. */
    private static final int NOWHERE = ROWS * L;
    /** Rows of a tile. */
    private static final int TILE = 4;
    /** Rows of x from which strips are widened once for all of them. */
    private static final int WIDENED = 7;
    /** Columns of a strip. */
    private static final int STRIP = 512;

    private static final Reduction SUMS = Kernels.find(Reduction.class, Reduction.REFERENCE);
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private Fp8WideRows() {}

    /** Memory of one thread; grows, never shrinks. */
    private static final class Scratch {
        private float[] strip = new float[0];
        private float[] lanes = new float[0];

        float[] strip() {
            if (strip.length == 0) {
                strip = new float[TILE * STRIP + Lines.FLOATS];
            }
            return strip;
        }

        float[] lanes(int rows) {
            if (lanes.length < rows * ROW + Lines.FLOATS) {
                lanes = new float[rows * ROW + Lines.FLOATS];
            }
            return lanes;
        }
    }

    // spotless:off: one argument a line would triple the length of every call

    /** {@code y = x W^T} but for the power of two and what no line covers; rows {@code [from, to)} of the weight. */
    static void multiply(
            int m, int cols, float[] x, int xAt, MemorySegment codes, int from, int to,
            float[] y, int yOffset, int yRow) {
        Scratch scratch = SCRATCH.get();
        float[] lanes = scratch.lanes(m + 1);
        int lanesAt = Lines.toBoundary(lanes);
        float[] strip = m >= WIDENED ? scratch.strip() : null;
        int stripAt = m >= WIDENED ? Lines.toBoundary(strip) : 0;
        int block = m > TILE ? L : ROWS;
        int tiled = m % TILE == 1 ? m - 1 : m;
        for (int j = from; j < to; j += block) {
            int rows = Math.min(block, to - j);
            clear(tiled, rows, lanes, lanesAt);
            int part = (rows + TILE - 1) / TILE;
            for (int r = 0; r < part && tiled > 0; r++) {
                tiles(tiled, cols, x, xAt, codes, j, r, part, rows, strip, stripAt, lanes, lanesAt);
            }
            if (tiled < m) {
                one(cols, x, xAt + tiled * cols, codes, j, rows, lanes, lanesAt + tiled * ROW);
            }
            for (int i = 0; i < m; i++) {
                for (int r = 0; r < rows; r += L) {
                    SUMS.sumEach(Math.min(L, rows - r), L, lanes, lanesAt + i * ROW + r * L,
                            y, yOffset + i * yRow + j + r);
                }
            }
        }
    }

    private static void clear(int m, int rows, float[] lanes, int lanesAt) {
        for (int i = 0; i < m; i++) {
            Arrays.fill(lanes, lanesAt + i * ROW, lanesAt + i * ROW + rows * L, 0f);
        }
    }

    /** One row of x, four streams that lie apart: streams from memory should not run through the same pages. */
    private static void one(
            int cols, float[] x, int xAt, MemorySegment codes, int row, int rows, float[] lanes, int lanesAt) {
        int whole = cols / LINE * LINE;
        int part = (rows + TILE - 1) / TILE;
        for (int r = 0; r < part; r++) {
            long w0 = (long) (row + r) * cols;
            long w1 = (long) (row + within(r, part, rows)) * cols;
            long w2 = (long) (row + within(r, 2 * part, rows)) * cols;
            long w3 = (long) (row + within(r, 3 * part, rows)) * cols;
            Fp8Tiles.fourByOne(whole, x, xAt, codes, w0, w1, w2, w3, lanes, lanesAt + r * L, part * L);
        }
    }

    /** Four rows of the weight, which lie apart, too. */
    private static void tiles(
            int m, int cols, float[] x, int xAt, MemorySegment codes, int row, int r, int part, int rows,
            float[] strip, int stripAt, float[] lanes, int lanesAt) {
        int whole = cols / LINE * LINE;
        long w0 = (long) (row + r) * cols;
        long w1 = (long) (row + within(r, part, rows)) * cols;
        long w2 = (long) (row + within(r, 2 * part, rows)) * cols;
        long w3 = (long) (row + within(r, 3 * part, rows)) * cols;
        int at0 = lanesAt + r * L;
        int at1 = lanesAt + place(r + part, rows);
        int at2 = lanesAt + place(r + 2 * part, rows);
        int at3 = lanesAt + place(r + 3 * part, rows);
        int step = m <= TILE ? whole : STRIP;
        for (int p = 0; p < whole; p += step) {
            int end = Math.min(whole, p + step);
            if (strip != null) {
                Fp8Strips.widen(p, end, codes, w0, w1, w2, w3, strip, stripAt);
            }
            for (int i = 0; i < m; i += TILE) {
                int to = i * ROW;
                int here = xAt + i * cols;
                boolean four = m - i > 2;
                if (strip != null && four) {
                    Fp8Strips.floatsFourByFour(end - p, x, here + TILE * p, strip, stripAt, lanes,
                            to + at0, to + at1, to + at2, to + at3);
                } else if (strip != null) {
                    Fp8Strips.floatsFourByTwo(end - p, x, here + 2 * p, strip, stripAt, lanes,
                            to + at0, to + at1, to + at2, to + at3);
                } else if (four) {
                    Fp8Tiles.fourByFour(p, end, x, here, codes, w0, w1, w2, w3, lanes,
                            to + at0, to + at1, to + at2, to + at3);
                } else {
                    Fp8Tiles.fourByTwo(p, end, x, here, codes, w0, w1, w2, w3, lanes,
                            to + at0, to + at1, to + at2, to + at3);
                }
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

    // spotless:on
}
