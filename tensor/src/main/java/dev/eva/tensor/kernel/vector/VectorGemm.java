package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Gemm;
import java.util.function.IntConsumer;

/**
 * {@link Gemm} by outer products: packed panels of B ({@link Panels}), tiles of C in registers ({@link GemmBlock}).
 * Every element of C is one chain of fused multiply-adds in ascending order of k, so its bits depend on neither its
 * neighbours nor the threads.
 */
final class VectorGemm implements Gemm {
    /** Rows of a task: enough to use a panel of B many times, few enough that their block of A stays close. */
    private static final int TASK_ROWS = 192;
    /** Columns of a task at most. */
    private static final int TASK_COLUMNS = 1024;
    /** Multiply-adds under which a product is not cut, and that a task should have: several microseconds. */
    private static final long TASK_WORK = 1 << 19;
    /** Rows of a task of a group at most, where it copies its panels. */
    private static final int GROUP_ROWS = Panels.NARROW ? TASK_ROWS : 288;
    /** Multiply-adds of a task of a full-sized group. */
    private static final long GROUP_WORK = 1 << 22;
    /** Panels of such a task at least, where that leaves every thread several: rows of A are copied once for them. */
    private static final int GROUP_PANELS = 16;
    /** Weights of groups together, used once or more, that several threads read: 1 MB. */
    private static final long SHARED_WEIGHTS = 1 << 18;
    /** Rows of a task at least where operands are not packed. */
    private static final int FEWEST_ROWS = 36;
    /** Rows of a task that copies at most, */
    private static final int COPIED_ROWS = 384;
    /** and rows and panels that it keeps when threads have unequal numbers of tasks. */
    private static final int PAYING_ROWS = 192;

    private static final int PAYING_PANELS = Panels.NARROW ? 24 : 12;
    /** Tasks to aim at, so that a slow thread does not hold up the others. */
    private static final int TASKS = 16;

    private static final ThreadLocal<Grouped> GROUPED = ThreadLocal.withInitial(Grouped::new);

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public Prepared prepare(
            int groups, int k, int n, float[] b, int bOffset, int groupStride, int bRow, int bCol, Prepared reuse) {
        if (Panels.standing(n, bRow, bCol)) {
            return Panels.view(groups, k, n, b, bOffset, groupStride, bRow);
        }
        boolean packed = reuse instanceof Panels p && !p.isView();
        boolean fits = packed && reuse.groups == groups && reuse.k == k && reuse.n == n;
        Panels panels = fits ? (Panels) reuse : new Panels(groups, k, n);
        panels.fill(b, bOffset, groupStride, bRow, bCol);
        return panels;
    }

    @Override
    public void multiply(
            int m, float[] a, int aOffset, int aRow, int aCol, Prepared prepared,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow) {
        if (prepared instanceof Frozen frozen) {
            FrozenBlock.multiply(m, a, aOffset, aRow, aCol, frozen, beta, c, cOffset, cRow);
            for (int i = 0; bias != null && i < m; i++) {
                Elementwise.REFERENCE.addTo(frozen.n, bias, biasOffset, c, cOffset + i * cRow);
            }
            return;
        }
        Panels b = (Panels) prepared;
        long cut = cut(m, b.n, b.k, 1, GemmBlock.ROWS, 1, false);
        int taskRows = (int) (cut >>> 32);
        int taskPanels = (int) cut;
        int columnTasks = (b.count + taskPanels - 1) / taskPanels;
        int rowTasks = (m + taskRows - 1) / taskRows;
        if (rowTasks * columnTasks == 1) {
            GemmBlock.multiply(m, a, aOffset, aRow, aCol, b, 0, 0, b.count, bias, biasOffset, beta, c, cOffset, cRow);
            return;
        }
        Parallel.run(rowTasks * columnTasks, task -> {
            int from = task / columnTasks * taskRows;
            int panel = task % columnTasks * taskPanels;
            GemmBlock.multiply(Math.min(taskRows, m - from), a, aOffset + from * aRow, aRow, aCol, b, 0, panel,
                    Math.min(b.count, panel + taskPanels), bias, biasOffset, beta, c, cOffset + from * cRow, cRow);
        });
    }

    /**
     * Rows (high half) and panels (low half) of a task: whole products where they are small, else halves until there
     * are enough. Rows and columns are a group's; {@code k} is the sum over groups that differ in it. How a product is
     * cut shows in none of its bits, so the number of threads may have a say.
     *
     * @param copies whether a task copies what it reads, so that from a task a thread on it should be large
     */
    private static long cut(int m, int n, int k, int groups, int leastRows, int leastPanels, boolean copies) {
        int threads = Parallel.isAlone() ? 1 : Parallel.threads();
        int mostRows = copies ? COPIED_ROWS : TASK_ROWS;
        int blocks = (m + mostRows - 1) / mostRows;
        if (copies && blocks > 1 && groups == 1) {
            blocks = roundUp(blocks, threads);
        }
        int rows = roundUp((m + blocks - 1) / Math.max(1, blocks), GemmBlock.ROWS);
        int count = Panels.count(n);
        int panels = Math.min(count, TASK_COLUMNS / Panels.WIDTH);
        long work = (long) m * n * k;
        if (work < 2 * TASK_WORK) {
            return (long) Math.max(1, m) << 32 | Math.max(1, count);
        }
        while (true) {
            long tasks = (long) groups * ((m + rows - 1) / rows) * ((count + panels - 1) / panels);
            if (threads == 1 || tasks >= TASKS || work / tasks < 2 * TASK_WORK) {
                break;
            }
            boolean pays = copies && tasks >= threads;
            // Groups differ in size: as many tasks as threads would be done at different times.
            if (pays && (groups == 1 && tasks % threads == 0 || tasks >= 4L * threads)) {
                break;
            }
            int fewestRows = pays ? PAYING_ROWS : leastRows;
            int fewestPanels = pays ? PAYING_PANELS : leastPanels;
            if (panels > fewestPanels && (panels * Panels.WIDTH >= rows || rows <= fewestRows)) {
                panels = (panels + 1) / 2;
            } else if (rows > fewestRows) {
                rows = Math.max(fewestRows, roundUp((rows + 1) / 2, GemmBlock.ROWS));
            } else {
                break;
            }
        }
        return (long) rows << 32 | panels;
    }

    private static int roundUp(int value, int step) {
        return (value + step - 1) / step * step;
    }

    @Override
    public void multiplyGrouped(
            int[] starts, float[] a, int aOffset, int aRow, int aCol, Prepared prepared,
            float beta, float[] c, int cOffset, int cRow) {
        if (prepared instanceof Frozen frozen) {
            FrozenBlock.multiply(starts, a, aOffset, aRow, aCol, frozen, beta, c, cOffset, cRow);
            return;
        }
        GROUPED.get().run(starts, a, aOffset, aRow, aCol, (Panels) prepared, beta, c, cOffset, cRow);
    }

    /** A product of groups as a task: a thread's one, again and again, as a decoded token has dozens of them. */
    private static final class Grouped implements IntConsumer {
        private int[] starts;
        private float[] a;
        private int aOffset;
        private int aRow;
        private int aCol;
        private Panels b;
        private float beta;
        private float[] c;
        private int cOffset;
        private int cRow;
        private int taskPanels;
        private int columnTasks;

        void run(
                int[] starts, float[] a, int aOffset, int aRow, int aCol, Panels b, float beta,
                float[] c, int cOffset, int cRow) {
            this.starts = starts;
            this.a = a;
            this.aOffset = aOffset;
            this.aRow = aRow;
            this.aCol = aCol;
            this.b = b;
            this.beta = beta;
            this.c = c;
            this.cOffset = cOffset;
            this.cRow = cRow;
            long stripWork = (long) Panels.WIDTH * TASK_ROWS * Math.max(1, b.k);
            taskPanels = Math.clamp(GROUP_WORK / stripWork, 1, Math.max(1, b.count));
            int wide = Math.clamp(GROUP_PANELS, 1, Math.max(1, b.count));
            if (taskPanels < wide && tasks(starts, b, wide) >= 4L * Parallel.threads()) {
                taskPanels = wide;
            }
            columnTasks = (b.count + taskPanels - 1) / taskPanels;
            int tasks = tasks(starts, b, taskPanels);
            int used = 0;
            for (int g = 0; g < b.groups; g++) {
                used += starts[g + 1] > starts[g] ? 1 : 0;
            }
            long weights = (long) used * b.n * b.k;
            // With a row or two a group the time is that of reading the weights.
            if (weights >= SHARED_WEIGHTS || (long) (starts[b.groups] - starts[0]) * b.n * b.k >= 2 * TASK_WORK) {
                Parallel.run(tasks, this);
            } else {
                for (int task = 0; task < tasks; task++) {
                    accept(task);
                }
            }
            this.starts = null;
            this.a = null;
            this.b = null;
            this.c = null;
        }

        @Override
        public void accept(int task) {
            int g = 0;
            int at = task;
            for (int here; at >= (here = tasksOf(starts[g + 1] - starts[g], b, columnTasks)); g++) {
                at -= here;
            }
            int most = taskRows(starts[g + 1] - starts[g], b);
            int from = starts[g] + at / columnTasks * most;
            int rows = Math.min(most, starts[g + 1] - from);
            int panel = at % columnTasks * taskPanels;
            GemmBlock.multiply(rows, a, aOffset + from * aRow, aRow, aCol, b, g, panel,
                    Math.min(b.count, panel + taskPanels), null, 0, beta, c, cOffset + from * cRow, cRow);
        }
    }

    private static int tasks(int[] starts, Panels b, int panels) {
        int tasks = 0;
        for (int g = 0; g < b.groups; g++) {
            tasks += tasksOf(starts[g + 1] - starts[g], b, (b.count + panels - 1) / panels);
        }
        return tasks;
    }

    private static int tasksOf(int rows, Panels b, int columnTasks) {
        int most = taskRows(rows, b);
        return (rows + most - 1) / most * columnTasks;
    }

    /** Rows of a task of a group of so many: equal parts, larger ones where each copies panels. */
    private static int taskRows(int rows, Panels b) {
        int most = b.isView() ? GROUP_ROWS : TASK_ROWS;
        int blocks = Math.max(1, (rows + most - 1) / most);
        return Math.max(GemmBlock.ROWS, roundUp((rows + blocks - 1) / blocks, GemmBlock.ROWS));
    }

    @Override
    public void multiplyGroupedTransposed(
            int groups, int m, int n, int[] starts, float[] a, int aOffset, int aRow,
            float[] b, int bOffset, int bRow, float beta, float[] c, int cOffset) {
        int count = Panels.count(n);
        int rows = Math.max(1, starts[groups] - starts[0]);
        long cut = cut(m, n, rows, groups, FEWEST_ROWS, aRow >= GemmBlock.FAR ? 2 : 1, true);
        int taskRows = (int) (cut >>> 32);
        int panels = (int) cut;
        int columnTasks = (count + panels - 1) / panels;
        int rowTasks = (m + taskRows - 1) / taskRows;
        IntConsumer run = task -> {
            int g = task / (rowTasks * columnTasks);
            int from = task / columnTasks % rowTasks * taskRows;
            int panel = task % columnTasks * panels;
            GemmBlock.multiplyTransposed(Math.min(taskRows, m - from), n, starts[g + 1] - starts[g], panel,
                    Math.min(count, panel + panels), a, aOffset + starts[g] * aRow + from, aRow,
                    b, bOffset + starts[g] * bRow, bRow, beta, c, cOffset + (g * m + from) * n, n);
        };
        runOrInline((long) rows * m * n, groups * rowTasks * columnTasks, run);
    }

    @Override
    public void gram(int m, int n, float[] z, int zOffset, int zRow, float[] c, int cOffset) {
        VectorGram.multiply(m, n, z, zOffset, zRow, c, cOffset);
    }

    private static void runOrInline(long work, int tasks, IntConsumer run) {
        if (work >= 2 * TASK_WORK) {
            Parallel.run(tasks, run);
            return;
        }
        for (int task = 0; task < tasks; task++) {
            run.accept(task);
        }
    }

    // spotless:on
}
