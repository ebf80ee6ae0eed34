package dev.eva.tensor.kernel.vector;

import static jdk.incubator.vector.FloatVector.fromArray;

import dev.eva.tensor.kernel.ColdStart;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Columns of a left operand as tiles of six rows of C read them: six columns of all rows, then the next six. */
final class TilePacking {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;
    private static final int ROWS = GemmBlock.ROWS;

    /** Rows of which six columns are three vectors, where a vector has 16 lanes. */
    private static final int EIGHT = 8;

    private static final boolean THREES = EIGHT * ROWS == 3 * L;

    // Six columns of rows 0 to 7 as three vectors, of two vectors at a time.
    private static final FloatVector ROWS_01 = lanes(0, 0, 6, L, 6);
    private static final FloatVector AND_2 = lanes(0, 0, 12, L, 4);
    private static final FloatVector ROWS_23 = lanes(0, 4, 2, L, 6);
    private static final FloatVector ROWS_45 = lanes(8, 0, 6, L, 2);
    private static final FloatVector HALVES = lanes(0, 0, 8, L + 8, 8);
    private static final FloatVector ROWS_67 = lanes(4, 0, 6, L, 6);
    private static final FloatVector AFTER_5 = lanes(0, 2, 4, L + 4, 12);

    private TilePacking() {}

    /** From lane {@code to} on {@code count} lanes from {@code first} on, then {@code more} from {@code second} on. */
    private static FloatVector lanes(int to, int first, int count, int second, int more) {
        float[] lanes = new float[L];
        for (int i = 0; to + i < L && i < count + more; i++) {
            lanes[to + i] = i < count ? first + i : second + i - count;
        }
        return fromArray(S, lanes, 0);
    }

    /** Floats between tiles: what a vector copies too much lies in between. */
    static int tile(int rows) {
        return rows * ROWS + L;
    }

    /** Floats that {@link #pack} needs for m columns. */
    static int tiles(int rows, int m) {
        return (m + ROWS - 1) / ROWS * tile(rows);
    }

    /**
     * Rows of {@code m} columns, {@code aRow} apart. Parts of rows come slowly from memory, so of those eight rows at
     * a time, if vectors are long enough; row after row is what memory is quick at.
     */
    static void pack(int rows, int m, float[] a, int aOffset, int aRow, float[] tiles) {
        int step = tile(rows);
        int all = (m + ROWS - 1) / ROWS;
        int p = 0;
        if (THREES && aRow > m && !ColdStart.takes((long) rows * m)) {
            int read = (EIGHT - 1) * aRow + (all - 1) * ROWS + L;
            for (; p + EIGHT <= rows && aOffset + p * aRow + read <= a.length; p += EIGHT) {
                eight(all, a, aOffset + p * aRow, aRow, tiles, p * ROWS, step);
            }
        }
        for (; p < rows; p++) {
            row(m, a, aOffset + p * aRow, tiles, p * ROWS, step);
        }
    }

    /**
     * Vectors take more than six: the next row writes over it. A vector of just six would be of a second species, and
     * what C2 learns from one it holds against the other: tiles that were compiled after both kept their sums in
     * objects.
     */
    private static void row(int m, float[] a, int from, float[] tiles, int to, int step) {
        int all = (m + ROWS - 1) / ROWS;
        int within = L < ROWS ? 0 : Math.clamp((a.length - from - L + ROWS) / ROWS, 0, all);
        for (int i = 0; i < within; i++) {
            fromArray(S, a, from + i * ROWS).intoArray(tiles, to + i * step);
        }
        for (int i = within * ROWS; i < m; i++) {
            tiles[i / ROWS * step + to + i % ROWS] = a[from + i];
        }
    }

    private static void eight(int all, float[] a, int aOffset, int aRow, float[] tiles, int offset, int step) {
        for (int i = 0; i < all; i++) {
            int from = aOffset + i * ROWS;
            int to = offset + i * step;
            FloatVector r2 = fromArray(S, a, from + 2 * aRow);
            FloatVector r5 = fromArray(S, a, from + 5 * aRow);
            FloatVector r01 = ROWS_01.selectFrom(fromArray(S, a, from), fromArray(S, a, from + aRow));
            AND_2.selectFrom(r01, r2).intoArray(tiles, to);
            FloatVector r23 = ROWS_23.selectFrom(r2, fromArray(S, a, from + 3 * aRow));
            FloatVector r45 = ROWS_45.selectFrom(fromArray(S, a, from + 4 * aRow), r5);
            HALVES.selectFrom(r23, r45).intoArray(tiles, to + L);
            FloatVector r67 = ROWS_67.selectFrom(fromArray(S, a, from + 6 * aRow), fromArray(S, a, from + 7 * aRow));
            AFTER_5.selectFrom(r5, r67).intoArray(tiles, to + 2 * L);
        }
    }
}
