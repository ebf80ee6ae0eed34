package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Lines;

/**
 * {@code C = Z^T Z} by the tiles of {@link GemmBlock}: of each panel of columns the rows down to the diagonal, and what
 * is below it is their mirror image. The bits are those of the whole product, since a chain of fused multiply-adds is
 * the same with its factors exchanged.
 */
final class VectorGram {
    /** Multiply-adds under which one thread does all. */
    private static final long ONE_TASK = 1 << 20;
    /** Columns of a task: it copies all that it reads, so a few panels would not pay. */
    private static final int TASK_COLUMNS = 128;

    private static final int L = VectorMath.LANES;

    private VectorGram() {}

    // spotless:off: one argument a line would triple the length of every call

    static void multiply(int m, int n, float[] z, int zOffset, int zRow, float[] c, int cOffset) {
        int count = Panels.count(n);
        int panels = (long) m * n * n / 2 < ONE_TASK || Parallel.isAlone() ? count : TASK_COLUMNS / Panels.WIDTH;
        int tasks = (count + panels - 1) / panels;
        // The last columns have most rows.
        Parallel.run(tasks, task -> {
            int from = (tasks - 1 - task) * panels;
            upper(m, n, from, Math.min(count, from + panels), z, zOffset, zRow, c, cOffset);
        });
        Parallel.run(tasks, task -> {
            int from = task * panels;
            mirror(n, from, Math.min(count, from + panels), c, cOffset);
        });
    }

    /** Panels {@code [fromPanel, toPanel)} from the first row to the last of the diagonal. */
    private static void upper(
            int m, int n, int fromPanel, int toPanel, float[] z, int zOffset, int zRow, float[] c, int cOffset) {
        GemmBlock.Scratch scratch = GemmBlock.scratch();
        int rows = rows(toPanel - 1, n);
        for (int p = 0; p == 0 || p < m; p += GemmBlock.DEPTH) {
            int length = Math.min(GemmBlock.DEPTH, m - p);
            int from = zOffset + p * zRow;
            float[] left = scratch.a(TilePacking.tiles(length, rows));
            TilePacking.pack(length, rows, z, from, zRow, left);
            float[] right = scratch.b(length * Panels.WIDTH + Lines.FLOATS);
            int at = Lines.toBoundary(right);
            for (int panel = fromPanel; panel < toPanel; panel++) {
                Panels.pack(panel, n, length, z, from, zRow, 1, right, at);
                GemmBlock.panel(rows(panel, n), length, left, 0, 1, GemmBlock.ROWS, TilePacking.tile(length), right, at,
                        Panels.width(panel, n), panel, n, null, 0, p == 0 ? 0f : 1f, c, cOffset, n, scratch.tile);
            }
        }
    }

    /** Rows of a panel down to the diagonal. */
    private static int rows(int panel, int n) {
        return Math.min(n, Panels.column(panel, n) + Panels.width(panel, n));
    }

    /** What is below the diagonal in columns of these panels. */
    private static void mirror(int n, int fromPanel, int toPanel, float[] c, int cOffset) {
        float[] scratch = GemmBlock.scratch().turn;
        for (int panel = fromPanel; panel < toPanel; panel++) {
            int column = Panels.column(panel, n);
            int end = rows(panel, n);
            int i = end;
            for (; i + L <= n && !ColdStart.takes((long) L * (end - column)); i += L) {
                for (int j = column; j < end; j += L) {
                    Transpose.block(c, cOffset + j * n + i, n, c, cOffset + i * n + j, n, scratch);
                }
            }
            for (; i < n; i++) {
                for (int j = column; j < end; j++) {
                    c[cOffset + i * n + j] = c[cOffset + j * n + i];
                }
            }
        }
    }

    // spotless:on
}
