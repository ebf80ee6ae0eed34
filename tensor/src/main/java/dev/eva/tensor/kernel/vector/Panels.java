package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Lines;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Right operands in the order in which the tiles read them: cut along k in blocks, each block cut along n in panels,
 * each panel row by row. A panel is {@link #WIDTH} columns wide; what is left of n is one panel of two vectors, one
 * vector or both, padded with zeros.
 */
final class Panels extends Gemm.Prepared {
    /** Vectors of a full panel: with four rows' worth of broadcasts they fill the registers. */
    static final int VECTORS = VectorMath.REGISTERS == 32 ? 4 : 2;
    /** Whether 16 registers leave panels two vectors wide. Then copies of operands pay sooner, in attention, too. */
    static final boolean NARROW = VECTORS == 2;
    /** Columns of a full panel. */
    static final int WIDTH = VECTORS * VectorMath.LANES;

    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;
    /** Elements a packing task should have at least. */
    private static final int GRAIN = 1 << 15;

    /** Columns with padding: a multiple of the lanes. */
    final int paddedColumns;
    /** Number of panels. */
    final int count;
    /** Packed values, an array a group; or the one array that is read where it stands. */
    final float[][] values;
    /** Where the values of a group start: behind a line's boundary once they have been packed again. */
    private final int[] starts;
    /** Where B is read where it stands: from one operand and one row to the next; else 0. */
    private final int groupStride;

    private final int row;
    private boolean filled;

    Panels(int groups, int k, int n) {
        super(groups, k, n);
        this.paddedColumns = padded(n);
        this.count = count(n);
        this.values = new float[groups][k * paddedColumns + Lines.FLOATS];
        this.starts = new int[groups];
        this.groupStride = 0;
        this.row = 0;
    }

    private Panels(int groups, int k, int n, float[] b, int start, int groupStride, int row) {
        super(groups, k, n);
        this.paddedColumns = n;
        this.count = count(n);
        this.values = new float[][] {b};
        this.starts = new int[] {start};
        this.groupStride = groupStride;
        this.row = row;
    }

    /** Whether rows of B can be read where they stand: whole vectors, and near enough to share a cache. */
    static boolean standing(int n, int row, int col) {
        return col == 1 && n % L == 0 && row < GemmBlock.FAR;
    }

    /** Operands that are read where they stand. */
    static Panels view(int groups, int k, int n, float[] b, int start, int groupStride, int row) {
        return new Panels(groups, k, n, b, start, groupStride, row);
    }

    /** Whether nothing is packed. */
    boolean isView() {
        return row != 0;
    }

    /** The array that holds an operand. */
    float[] values(int group) {
        return values[isView() ? 0 : group];
    }

    /** Floats from a row of a panel to the next. */
    int step(int panel) {
        return isView() ? row : width(panel, n);
    }

    /** Where an operand that is read where it stands begins. */
    int start(int group) {
        return starts[0] + group * groupStride;
    }

    /** Floats between its rows. */
    int row() {
        return row;
    }

    /** Number of panels that n columns make. */
    static int count(int n) {
        int rest = (n % WIDTH + L - 1) / L;
        return n / WIDTH + (rest == 0 ? 0 : rest == 3 && VECTORS == 4 ? 2 : 1);
    }

    /** n rounded up to whole vectors. */
    static int padded(int n) {
        return (n + L - 1) / L * L;
    }

    /** First column of a panel. */
    static int column(int panel, int n) {
        int full = n / WIDTH;
        return panel <= full ? panel * WIDTH : full * WIDTH + 2 * L;
    }

    /** Vectors of a panel. */
    static int vectors(int panel, int n) {
        int left = padded(n) / L - column(panel, n) / L;
        return left >= VECTORS ? VECTORS : left == 3 ? 2 : left;
    }

    /** Columns of a panel, padding included: floats from a row of it to the next. */
    static int width(int panel, int n) {
        return vectors(panel, n) * L;
    }

    /** Where block {@code [p, p + length)} of a panel starts in the array of its group. */
    int offset(int group, int panel, int p, int length) {
        return isView()
                ? start(group) + p * row + column(panel, n)
                : starts[group] + p * paddedColumns + column(panel, n) * length;
    }

    // spotless:off: one argument a line would triple the length of every call

    /**
     * Fills all panels of all groups from {@code B_g(p, j) = b[offset + g * groupStride + p * row + j * col]}. What is
     * filled again is a weight in training: from then on its values begin with a line.
     */
    void fill(float[] b, int offset, int groupStride, int row, int col) {
        for (int g = 0; filled && g < groups; g++) {
            starts[g] = Lines.toBoundary(values[g]);
        }
        filled = true;
        int panelsATask = Math.clamp(GRAIN / Math.max(1, k * WIDTH), 1, count);
        int tasksAGroup = (count + panelsATask - 1) / panelsATask;
        Parallel.run(groups * tasksAGroup, task -> {
            int g = task / tasksAGroup;
            int from = task % tasksAGroup * panelsATask;
            int to = Math.min(count, from + panelsATask);
            for (int p = 0; p < k; p += GemmBlock.DEPTH) {
                int length = Math.min(GemmBlock.DEPTH, k - p);
                for (int panel = from; panel < to; panel++) {
                    pack(panel, n, length, b, offset + g * groupStride + p * row, row, col, values[g],
                            offset(g, panel, p, length));
                }
            }
        });
    }

    /**
     * Packs {@code length} rows of one panel to {@code out} at {@code at}; {@code offset} is where row 0, column 0 of
     * B stands.
     */
    static void pack(
            int panel, int n, int length, float[] b, int offset, int row, int col, float[] out, int at) {
        int column = column(panel, n);
        int width = width(panel, n);
        int columns = Math.min(width, n - column);
        int from = offset + column * col;
        if (columns < width) {
            for (int p = 0; p < length; p++) {
                Arrays.fill(out, at + p * width + columns, at + (p + 1) * width, 0f);
            }
        }
        if (col == 1) {
            copyRows(length, columns, b, from, row, out, at, width);
        } else if (row == 1 && !ColdStart.takes((long) length * columns)) {
            turn(length, columns, b, from, col, out, at, width, GemmBlock.scratch().turn);
        } else {
            copyColumns(length, columns, b, from, row, col, out, at, width);
        }
    }

    static void copyRows(
            int length, int columns, float[] b, int from, int row, float[] out, int at, int width) {
        int whole = ColdStart.takes((long) length * columns) ? 0 : columns / L * L;
        for (int p = 0; p < length; p++) {
            int in = from + p * row;
            int to = at + p * width;
            for (int j = 0; j < whole; j += L) {
                FloatVector.fromArray(S, b, in + j).intoArray(out, to + j);
            }
            for (int j = whole; j < columns; j++) {
                out[to + j] = b[in + j];
            }
        }
    }

    /** B stored by columns: whole blocks turned over in registers, the rest one by one. */
    private static void turn(
            int length, int columns, float[] b, int from, int col, float[] out, int at, int width, float[] scratch) {
        int wholeColumns = columns / L * L;
        int wholeLength = length / L * L;
        for (int j = 0; j < wholeColumns; j += L) {
            for (int p = 0; p < wholeLength; p += L) {
                Transpose.block(b, from + j * col + p, col, out, at + p * width + j, width, scratch);
            }
        }
        copyColumns(length, columns - wholeColumns, b, from + wholeColumns * col, 1, col, out, at + wholeColumns,
                width);
        copyColumns(length - wholeLength, wholeColumns, b, from + wholeLength, 1, col, out, at + wholeLength * width,
                width);
    }

    private static void copyColumns(
            int length, int columns, float[] b, int from, int row, int col, float[] out, int at, int width) {
        for (int p = 0; p < length; p++) {
            for (int j = 0; j < columns; j++) {
                out[at + p * width + j] = b[from + p * row + j * col];
            }
        }
    }

    // spotless:on
}
