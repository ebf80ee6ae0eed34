package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Lines;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * One task of a product: some rows of C times some panels of B, on one thread. The block of A that it works on and
 * the tile of C at the right edge live in scratch of the thread.
 */
final class GemmBlock {
    /** Rows of a tile. */
    static final int ROWS = 6;
    /**
     * Length of a block along k: a panel of B then stays in the second-level cache while the rows of A pass. Short
     * blocks load and store tiles of C more often: copies of 192 cost 2 to 16 % of 768.
     */
    static final int DEPTH = 768;

    /** The same where A is read across its rows where it stands, a cache line a step. */
    private static final int TURNED_DEPTH = 192;
    /**
     * Rows from which operands that stand are copied to scratch: then copying costs less than rows that share few
     * sets of a first-level cache, vectors that touch two lines, and steps that C2 does not know.
     */
    private static final int COPY_ROWS = Panels.NARROW ? 36 : 72;
    /** Panels from which copying A's rows, too, pays. */
    private static final int COPY_PANELS = Panels.NARROW ? 6 : 4;
    /** Floats between rows from which a block of them crowds into few sets of a second-level cache. */
    static final int FAR = 1024;

    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private static final float[] ZEROS = new float[Panels.WIDTH];
    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private GemmBlock() {}

    /** Memory of one thread; grows, never shrinks. */
    static final class Scratch {
        final float[] tile = new float[ROWS * Panels.WIDTH];
        final float[] turn = new float[Transpose.SCRATCH];
        private float[] a = new float[0];
        private float[] b = new float[0];

        float[] a(int size) {
            if (a.length < size) {
                a = new float[size];
            }
            return a;
        }

        float[] b(int size) {
            if (b.length < size) {
                b = new float[size];
            }
            return b;
        }
    }

    static Scratch scratch() {
        return SCRATCH.get();
    }

    // spotless:off: one argument a line would triple the length of every call

    /**
     * {@code C = beta C + A B + bias} for {@code m} rows and panels {@code [fromPanel, toPanel)} of a group.
     *
     * @param c its row 0, column 0 is at {@code cOffset}; likewise bias
     */
    static void multiply(
            int m, float[] a, int aOffset, int aRow, int aCol, Panels b, int group, int fromPanel, int toPanel,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow) {
        // Columns by rows that stand are what that product is, only that it is of a weight's gradient there.
        if (b.isView() && aRow == 1 && aCol != 1 && bias == null) {
            multiplyTransposed(m, b.n, b.k, fromPanel, toPanel, a, aOffset, aCol, b.values(group), b.start(group),
                    b.row(), beta, c, cOffset, cRow);
            return;
        }
        if (aCol == 1 && m >= COPY_ROWS && toPanel - fromPanel >= COPY_PANELS) {
            multiplyBothCopied(m, a, aOffset, aRow, b, group, fromPanel, toPanel, bias, biasOffset, beta, c, cOffset,
                    cRow);
            return;
        }
        if (b.isView() && m >= COPY_ROWS) {
            multiplyCopied(m, a, aOffset, aRow, aCol, b, group, fromPanel, toPanel, bias, biasOffset, beta, c, cOffset,
                    cRow);
            return;
        }
        float[] packed = b.values(group);
        float[] tile = scratch().tile;
        for (int panel = fromPanel; panel < toPanel; panel++) {
            for (int p = 0; p == 0 || p < b.k; p += DEPTH) {
                int length = Math.min(DEPTH, b.k - p);
                boolean first = p == 0;
                panel(m, length, a, aOffset + p * aCol, aRow, aCol, ROWS * aRow, packed,
                        b.offset(group, panel, p, length), b.step(panel), panel, b.n,
                        first ? bias : null, biasOffset, first ? beta : 1f, c, cOffset, cRow, tile);
            }
        }
    }

    /** The same with a B that stands, copied panel by panel. */
    private static void multiplyCopied(
            int m, float[] a, int aOffset, int aRow, int aCol, Panels b, int group, int fromPanel, int toPanel,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow) {
        float[] from = b.values(group);
        Scratch scratch = scratch();
        float[] right = scratch.b(DEPTH * Panels.WIDTH + Lines.FLOATS);
        int at = Lines.toBoundary(right);
        for (int panel = fromPanel; panel < toPanel; panel++) {
            int step = b.step(panel);
            int width = Panels.width(panel, b.n);
            for (int p = 0; p == 0 || p < b.k; p += DEPTH) {
                int length = Math.min(DEPTH, b.k - p);
                boolean first = p == 0;
                Panels.copyRows(length, width, from, b.offset(group, panel, p, length), step, right, at, width);
                panel(m, length, a, aOffset + p * aCol, aRow, aCol, ROWS * aRow, right, at, width, panel, b.n,
                        first ? bias : null, biasOffset, first ? beta : 1f, c, cOffset, cRow, scratch.tile);
            }
        }
    }

    /** The same with rows of A copied a block along k at a time, and with B's panels unless they are packed. */
    private static void multiplyBothCopied(
            int m, float[] a, int aOffset, int aRow, Panels b, int group, int fromPanel, int toPanel,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow) {
        float[] values = b.values(group);
        Scratch scratch = scratch();
        float[] left = scratch.a(m * TilesTwoCopied.ROW);
        float[] copy = b.isView() ? scratch.b(DEPTH * Panels.WIDTH + Lines.FLOATS) : null;
        int boundary = b.isView() ? Lines.toBoundary(copy) : 0;
        for (int p = 0; p == 0 || p < b.k; p += DEPTH) {
            int length = Math.min(DEPTH, b.k - p);
            boolean first = p == 0;
            TilesTwoCopied.copyRows(m, length, a, aOffset + p, aRow, left, 0);
            for (int panel = fromPanel; panel < toPanel; panel++) {
                int width = Panels.width(panel, b.n);
                float[] right = values;
                int at = b.offset(group, panel, p, length);
                if (b.isView()) {
                    Panels.copyRows(length, width, values, at, b.row(), copy, boundary, width);
                    right = copy;
                    at = boundary;
                }
                panel(m, length, left, 0, TilesTwoCopied.ROW, 1, right, at, width, panel, b.n,
                        first ? bias : null, biasOffset, first ? beta : 1f, c, cOffset, cRow, scratch.tile);
            }
        }
    }

    /**
     * {@code C = beta C + A^T B} for {@code m} rows and panels {@code [fromPanel, toPanel)}, where A and B have
     * {@code k} rows each. Both are read where they stand, so that fetching them overlaps with multiplying, unless
     * their rows lie so far apart that those of a block would share few lines of a cache, or a copy pays.
     */
    static void multiplyTransposed(
            int m, int n, int k, int fromPanel, int toPanel, float[] a, int aOffset, int aRow,
            float[] b, int bOffset, int bRow, float beta, float[] c, int cOffset, int cRow) {
        Scratch scratch = scratch();
        boolean copies = aRow >= FAR || m >= COPY_ROWS && toPanel - fromPanel > 1;
        int aStep = copies ? ROWS : aRow;
        int depth = copies ? DEPTH : TURNED_DEPTH;
        float[] copy = scratch.b(Math.min(depth, k) * Panels.WIDTH + Lines.FLOATS);
        int boundary = Lines.toBoundary(copy);
        for (int p = 0; p == 0 || p < k; p += depth) {
            int length = Math.min(depth, k - p);
            int aFrom = aOffset + p * aRow;
            float[] left = a;
            int aTile = ROWS;
            if (copies) {
                left = scratch.a(TilePacking.tiles(length, m));
                TilePacking.pack(length, m, a, aFrom, aRow, left);
                aFrom = 0;
                aTile = TilePacking.tile(length);
            }
            for (int panel = fromPanel; panel < toPanel; panel++) {
                int column = Panels.column(panel, n);
                int width = Panels.width(panel, n);
                float[] right = b;
                int bFrom = bOffset + p * bRow + column;
                int bStep = bRow;
                if (bRow >= FAR || n - column < width || m >= COPY_ROWS) {
                    right = copy;
                    bFrom = boundary;
                    Panels.pack(panel, n, length, b, bOffset + p * bRow, bRow, 1, right, bFrom);
                    bStep = width;
                }
                panel(m, length, left, aFrom, 1, aStep, aTile, right, bFrom, bStep, panel, n, null, 0,
                        p == 0 ? beta : 1f, c, cOffset, cRow, scratch.tile);
            }
        }
    }

    /** All rows of one panel of one block along k, rows of A being {@code aRow} apart. */
    static void panel(
            int m, int length, float[] a, int aOffset, int aRow, int aCol, float[] b, int bOffset, int bStep,
            int panel, int n,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow, float[] tile) {
        panel(m, length, a, aOffset, aRow, aCol, ROWS * aRow, b, bOffset, bStep, panel, n, bias, biasOffset, beta, c,
                cOffset, cRow, tile);
    }

    /** The same, tiles of A being {@code aTile} apart. */
    static void panel(
            int m, int length, float[] a, int aOffset, int aRow, int aCol, int aTile, float[] b, int bOffset, int bStep,
            int panel, int n,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow, float[] tile) {
        int column = Panels.column(panel, n);
        int vectors = Panels.vectors(panel, n);
        int columns = Math.min(n - column, vectors * L);
        int at = cOffset + column;
        if (bias != null && beta != 0f) {
            addBias(m, columns, bias, biasOffset + column, c, at, cRow);
        }
        if (columns < vectors * L) {
            edge(m, length, a, aOffset, aRow, aCol, aTile, b, bOffset, bStep, vectors, columns,
                    beta == 0f ? bias : null, biasOffset + column, beta, c, at, cRow, tile);
        } else if (beta != 0f) {
            rows(m, length, a, aOffset, aRow, aCol, aTile, b, bOffset, bStep, vectors, c, at, cRow, c, at, cRow);
        } else if (bias != null) {
            rows(m, length, a, aOffset, aRow, aCol, aTile, b, bOffset, bStep, vectors, bias, biasOffset + column, 0, c,
                    at, cRow);
        } else {
            rows(m, length, a, aOffset, aRow, aCol, aTile, b, bOffset, bStep, vectors, ZEROS, 0, 0, c, at, cRow);
        }
    }

    private static void addBias(int m, int columns, float[] bias, int biasOffset, float[] c, int cOffset, int cRow) {
        for (int i = 0; i < m; i++) {
            int at = cOffset + i * cRow;
            for (int j = 0; j < columns; j++) {
                c[at + j] += bias[biasOffset + j];
            }
        }
    }

    /** A panel whose last vector sticks out of C: tile by tile through scratch. */
    private static void edge(
            int m, int length, float[] a, int aOffset, int aRow, int aCol, int aTile, float[] b, int bOffset, int bStep,
            int vectors,
            int columns, float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow, float[] tile) {
        int width = vectors * L;
        int last = width - L;
        VectorMask<Float> inside = S.indexInRange(0, columns - last);
        for (int i = 0; i < m; i += ROWS) {
            int rows = Math.min(ROWS, m - i);
            int from = aOffset + i / ROWS * aTile;
            int at = cOffset + i * cRow;
            if (beta != 0f || bias != null) {
                float[] init = bias == null ? c : bias;
                int initOffset = bias == null ? at : biasOffset;
                int initRow = bias == null ? cRow : 0;
                for (int r = 0; r < rows; r++) {
                    int row = initOffset + r * initRow;
                    for (int j = 0; j < last; j += L) {
                        FloatVector.fromArray(S, init, row + j).intoArray(tile, r * width + j);
                    }
                    FloatVector.fromArray(S, init, row + last, inside).intoArray(tile, r * width + last);
                }
                rows(rows, length, a, from, aRow, aCol, aTile, b, bOffset, bStep, vectors, tile, 0, width, tile, 0,
                        width);
            } else {
                rows(rows, length, a, from, aRow, aCol, aTile, b, bOffset, bStep, vectors, ZEROS, 0, 0, tile, 0,
                        width);
            }
            boolean cold = ColdStart.takes((long) rows * width);
            for (int r = 0; r < rows; r++) {
                int to = at + r * cRow;
                if (cold) {
                    System.arraycopy(tile, r * width, c, to, columns);
                    continue;
                }
                for (int j = 0; j < last; j += L) {
                    FloatVector.fromArray(S, tile, r * width + j).intoArray(c, to + j);
                }
                FloatVector.fromArray(S, tile, r * width + last).intoArray(c, to + last, inside);
            }
        }
    }

    /** Rows of one panel by the tallest tiles that fit: sixes, then four, two, one. */
    private static void rows(
            int m, int k, float[] a, int aOffset, int aRow, int aStep, int aTile, float[] b, int bOffset, int bStep,
            int vectors, float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        if (ColdStart.takes((long) m * k * vectors * L)) {
            for (int i = 0; i < m; i += ROWS) {
                ScalarTiles.rows(Math.min(ROWS, m - i), k, a, aOffset + i / ROWS * aTile, aRow, aStep, b, bOffset,
                        bStep, vectors * L, init, initOffset + i * initRow, initRow, c, cOffset + i * cRow, cRow);
            }
            return;
        }
        int sixes = m / ROWS;
        if (sixes > 0) {
            six(sixes, k, a, aOffset, aRow, aStep, aTile, b, bOffset, bStep, vectors, init, initOffset, initRow, c,
                    cOffset, cRow);
        }
        int rest = aOffset + sixes * (aTile - ROWS * aRow);
        for (int i = sixes * ROWS, height = 4; i < m; height >>= 1) {
            if ((m - i & height) != 0) {
                fewer(height, k, a, rest + i * aRow, aRow, aStep, b, bOffset, bStep, vectors, init,
                        initOffset + i * initRow, initRow, c, cOffset + i * cRow, cRow);
                i += height;
            }
        }
    }

    private static void six(
            int tiles, int k, float[] a, int aOffset, int aRow, int aStep, int aTile, float[] b, int bOffset, int bStep,
            int vectors,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        switch (vectors) {
            case 1 -> TilesOne.rows6(
                    tiles, k, a, aOffset, aRow, aStep, aTile, b, bOffset, bStep, init, initOffset, initRow, c,
                    cOffset, cRow);
            case 2 -> TilesTwo.rows6(
                    tiles, k, a, aOffset, aRow, aStep, aTile, b, bOffset, bStep, init, initOffset, initRow, c,
                    cOffset, cRow);
            default -> TilesFour.rows6(
                    tiles, k, a, aOffset, aRow, aStep, aTile, b, bOffset, bStep, init, initOffset, initRow, c,
                    cOffset, cRow);
        }
    }

    private static void fewer(
            int height, int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            int vectors,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        switch (vectors << 3 | height) {
            case 1 << 3 | 4 -> TilesOne.rows4(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 1 << 3 | 2 -> TilesOne.rows2(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 1 << 3 | 1 -> TilesOne.rows1(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 2 << 3 | 4 -> TilesTwo.rows4(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 2 << 3 | 2 -> TilesTwo.rows2(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 2 << 3 | 1 -> TilesTwo.rows1(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 4 << 3 | 4 -> TilesFour.rows4(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 4 << 3 | 2 -> TilesFour.rows2(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            case 4 << 3 | 1 -> TilesFour.rows1(
                    k, a, aOffset, aRow, aStep, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
            default -> throw new AssertionError("tile of " + height + " rows, " + vectors + " vectors");
        }
    }

    // spotless:on
}
