package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Lines;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * Products with weights that stay in their stored type. Few rows: the matrix widens in registers, row by row. More
 * rows: a few panels at a time are widened and packed, and stay in the cache while all rows pass through the tiles.
 */
final class FrozenBlock {
    /** Weights of a task with few rows, at least: several microseconds. */
    private static final int TASK_WEIGHTS = 1 << 16;
    /** The same where there are tasks enough: beginning one costs a microsecond or two. */
    private static final int MANY_WEIGHTS = 1 << 18;
    /** Tasks a thread that are enough. */
    private static final int ENOUGH = 4;
    /** Tasks that a product with few rows is cut into, at most. */
    private static final int TASKS = 32;
    /** Rows that share the scales of weights in FP8. */
    private static final int BLOCK = 128;
    /** Panels of a task, at most: {@link GemmBlock#DEPTH} deep, they fit in the second-level cache. */
    private static final int GROUP = 4;
    /** Rows under which that is one where panels are wide, and leave rows of A no room in a cache of 1 MB. */
    private static final int WIDE_ROWS = 256;
    /** Tasks from which one takes several panels. */
    private static final int TASKS_OF_PANELS = 16;
    /** Rows of A that pass through all panels of a task before the next: they share that cache with the panels. */
    private static final int BLOCK_ROWS = 8 * GemmBlock.ROWS;
    /** Rows and panels from which A is copied once for all tasks. */
    private static final int COPY_ROWS = 4 * GemmBlock.ROWS;

    private static final int COPY_PANELS = 6;
    /** Multiply-adds under which a product stays on one thread. */
    private static final long LEAST_WORK = 1 << 18;

    private static final ThreadLocal<Product> PRODUCT = ThreadLocal.withInitial(Product::new);
    private static final ThreadLocal<int[]> ALL = ThreadLocal.withInitial(() -> new int[2]);

    private FrozenBlock() {}

    // spotless:off: one argument a line would triple the length of every call

    /** {@code C = beta C + A B} of m rows. */
    static void multiply(
            int m, float[] a, int aOffset, int aRow, int aCol, Gemm.Frozen b, float beta,
            float[] c, int cOffset, int cRow) {
        int[] all = ALL.get();
        all[1] = m;
        multiply(all, a, aOffset, aRow, aCol, b, beta, c, cOffset, cRow);
    }

    /** Rows {@code [starts[g], starts[g + 1])} of C are {@code beta C + A B_g}, with A rounded if the weights ask. */
    static void multiply(
            int[] starts, float[] a, int aOffset, int aRow, int aCol, Gemm.Frozen b, float beta,
            float[] c, int cOffset, int cRow) {
        if (b.rounds()) {
            Tensor x = b.rounded(starts[b.groups], a, aOffset, aRow, aCol);
            product(starts, x.array(), x.offset(), b.k, 1, b, beta, c, cOffset, cRow);
            Workspace.releaseUnheld(x);
        } else {
            product(starts, a, aOffset, aRow, aCol, b, beta, c, cOffset, cRow);
        }
    }

    private static void product(
            int[] starts, float[] a, int aOffset, int aRow, int aCol, Gemm.Frozen b, float beta,
            float[] c, int cOffset, int cRow) {
        Product p = PRODUCT.get();
        p.starts = starts;
        p.a = a;
        p.aOffset = aOffset;
        p.aRow = aRow;
        p.aCol = aCol;
        p.b = b;
        p.beta = beta;
        p.c = c;
        p.cOffset = cOffset;
        p.cRow = cRow;
        p.run();
    }

    /** A product as a task: a thread's one, again and again, as a decoded token has hundreds and allocates none. */
    private static final class Product implements IntConsumer {
        private int[] starts;
        private float[] a;
        private int aOffset;
        private int aRow;
        private int aCol;
        private Gemm.Frozen b;
        private float beta;
        private float[] c;
        private int cOffset;
        private int cRow;

        /** A in blocks of rows that lie {@link TilesTwoCopied#ROW} apart, or null where it is read where it stands. */
        private float[] copy;

        private boolean plain;
        private int chunk;
        private int group;

        void run() {
            plain = aCol == 1 && beta == 0f;
            int used = 0;
            for (int g = 0; g < b.groups; g++) {
                used += starts[g + 1] > starts[g] ? 1 : 0;
            }
            chunk = chunk(used, b.n, b.k);
            int rows = starts[b.groups] - starts[0];
            group = group(b.n, rows / Math.max(1, used));
            copy = rows >= COPY_ROWS && aCol == 1 && Panels.count(b.n) >= COPY_PANELS ? copied(rows) : null;
            int tasks = 0;
            for (int g = 0; g < b.groups; g++) {
                tasks += tasks(g);
            }
            if ((long) rows * b.n * b.k >= LEAST_WORK) {
                Parallel.run(tasks, this);
            } else {
                for (int task = 0; task < tasks; task++) {
                    accept(task);
                }
            }
            starts = null;
            a = null;
            copy = null;
            b = null;
            c = null;
        }

        private float[] copied(int rows) {
            int blocks = (b.k + GemmBlock.DEPTH - 1) / GemmBlock.DEPTH;
            float[] to = GemmBlock.scratch().a(blocks * rows * TilesTwoCopied.ROW);
            float[] from = a;
            int first = aOffset + starts[0] * aRow;
            int row = aRow;
            int k = b.k;
            Parallel.rows(rows, k, (start, end) -> {
                for (int p = 0; p < k; p += GemmBlock.DEPTH) {
                    TilesTwoCopied.copyRows(end - start, Math.min(GemmBlock.DEPTH, k - p), from,
                            first + start * row + p, row, to, at(p, start, rows));
                }
            });
            return to;
        }

        /** Where element p of a row stands in the copy of so many. */
        private static int at(int p, int row, int rows) {
            return (p / GemmBlock.DEPTH * rows + row) * TilesTwoCopied.ROW + p % GemmBlock.DEPTH;
        }

        @Override
        public void accept(int task) {
            int g = 0;
            int at = task;
            for (int here; at >= (here = tasks(g)); g++) {
                at -= here;
            }
            int rows = starts[g + 1] - starts[g];
            FrozenMatrix w = b.matrices[g];
            int aAt = aOffset + starts[g] * aRow;
            int cAt = cOffset + starts[g] * cRow;
            if (few(w, rows, plain)) {
                w.multiply(rows, a, aAt, aRow, at * chunk, Math.min(b.n, (at + 1) * chunk), c, cAt, cRow);
            } else {
                int from = at * group;
                int to = Math.min(Panels.count(b.n), from + group);
                panels(g, from, to, cAt);
            }
        }

        /** Rows of a group times panels {@code [from, to)} of its matrix. */
        private void panels(int g, int from, int to, int cAt) {
            FrozenMatrix w = b.matrices[g];
            int m = starts[g + 1] - starts[g];
            int n = w.rows();
            int k = w.cols();
            int all = starts[b.groups] - starts[0];
            int left = copy == null ? aRow : TilesTwoCopied.ROW;
            GemmBlock.Scratch scratch = GemmBlock.scratch();
            float[] packed = scratch.b(GROUP * GemmBlock.DEPTH * Panels.WIDTH + Lines.FLOATS);
            int boundary = Lines.toBoundary(packed);
            for (int p = 0; p == 0 || p < k; p += GemmBlock.DEPTH) {
                int length = Math.min(GemmBlock.DEPTH, k - p);
                int leftAt = copy == null ? aOffset + starts[g] * aRow + p * aCol : at(p, starts[g] - starts[0], all);
                for (int panel = from; panel < to; panel++) {
                    pack(w, panel, p, length, packed, boundary + (panel - from) * GemmBlock.DEPTH * Panels.WIDTH);
                }
                for (int i = 0; i < m; i += BLOCK_ROWS) {
                    for (int panel = from; panel < to; panel++) {
                        int at = boundary + (panel - from) * GemmBlock.DEPTH * Panels.WIDTH;
                        GemmBlock.panel(Math.min(BLOCK_ROWS, m - i), length, copy == null ? a : copy,
                                leftAt + i * left, left, aCol, packed, at, Panels.width(panel, n), panel, n, null, 0,
                                p == 0 ? beta : 1f, c, cAt + i * cRow, cRow, scratch.tile);
                    }
                }
            }
        }

        private int tasks(int g) {
            int rows = starts[g + 1] - starts[g];
            return rows == 0 ? 0 : few(b.matrices[g], rows, plain) ? up(b.n, chunk) : up(Panels.count(b.n), group);
        }

        private static int up(int n, int step) {
            return (n + step - 1) / step;
        }
    }

    private static boolean few(FrozenMatrix w, int rows, boolean plain) {
        return plain && rows <= w.fewRows();
    }

    /**
     * Rows of W a task where {@code used} matrices are multiplied with, in whole vectors for each of the four streams
     * that one row of x reads, and in whole blocks of scales where it has more than one.
     */
    private static int chunk(int used, int n, int k) {
        long each = (long) used * n * k / (ENOUGH * Parallel.threads());
        int least = Math.clamp(each, TASK_WEIGHTS, MANY_WEIGHTS) / Math.max(1, k);
        int rows = Math.max(least, (n + TASKS - 1) / TASKS);
        int whole = rows > BLOCK ? BLOCK : 4 * VectorMath.LANES;
        return (rows + whole - 1) / whole * whole;
    }

    /** Panels of a task with many rows: what they read of A stays in the cache from one to the next. */
    private static int group(int n, int rows) {
        int most = Panels.NARROW || rows >= WIDE_ROWS ? GROUP : 1;
        return Math.clamp(Panels.count(n) / TASKS_OF_PANELS, 1, most);
    }

    /** A block of a panel; columns beyond the matrix are zeros. */
    private static void pack(FrozenMatrix w, int panel, int p, int length, float[] out, int at) {
        int column = Panels.column(panel, w.rows());
        int width = Panels.width(panel, w.rows());
        int columns = Math.min(width, w.rows() - column);
        if (columns < width) {
            Arrays.fill(out, at, at + length * width, 0f);
        }
        w.turn(column, columns, p, length, out, at, width);
    }

    // spotless:on
}
