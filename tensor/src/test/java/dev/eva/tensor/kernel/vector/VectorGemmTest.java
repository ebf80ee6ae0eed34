package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link VectorGemm} against sums in double precision and against the reference, over sizes that cut tiles and panels
 * badly.
 */
class VectorGemmTest {
    private static final Gemm GEMM = new VectorGemm();
    private static final int[] SIZES = {1, 2, 3, 5, 6, 7, 8, 13, 16, 17, 31, 33, 47, 48, 49, 64, 65, 67};
    private static final float CANARY = 12345f;

    private final int threads = Parallel.threads();

    @AfterEach
    void restoreThreads() {
        Parallel.setThreads(threads);
    }

    /** One product with operands in chosen layouts inside larger arrays. */
    private static final class Case {
        final int m;
        final int n;
        final int k;
        final float[] a;
        final float[] b;
        final float[] c;
        final float[] bias;
        final int aRow;
        final int aCol;
        final int bRow;
        final int bCol;
        final int cRow;
        final int offset = 3;

        Case(int m, int n, int k, int layout, Random random) {
            this.m = m;
            this.n = n;
            this.k = k;
            boolean aTransposed = (layout & 1) != 0;
            boolean bTransposed = (layout & 2) != 0;
            int gap = layout >> 2 & 1;
            int apart = 1 + (layout >> 3 & 1);
            aRow = apart * (aTransposed ? 1 : k + gap);
            aCol = apart * (aTransposed ? m + gap : 1);
            bRow = bTransposed ? 1 : n + gap;
            bCol = bTransposed ? k + gap : 1;
            cRow = n + 2 * gap;
            a = values(offset + apart * (m + gap) * (k + gap), random);
            b = values(offset + (k + gap) * (n + gap), random);
            c = values(offset + m * cRow, random);
            bias = values(offset + n, random);
        }

        double exact(int i, int j, double start) {
            double sum = start;
            for (int p = 0; p < k; p++) {
                sum += (double) a[offset + i * aRow + p * aCol] * b[offset + p * bRow + j * bCol];
            }
            return sum;
        }

        Gemm.Prepared prepare() {
            return GEMM.prepare(1, k, n, b, offset, 0, bRow, bCol, null);
        }

        float[] multiply(boolean withBias, float beta) {
            float[] out = c.clone();
            GEMM.multiply(m, a, offset, aRow, aCol, prepare(), withBias ? bias : null, offset, beta, out, offset, cRow);
            return out;
        }

        void check(boolean withBias, float beta) {
            float[] out = multiply(withBias, beta);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < cRow; j++) {
                    int at = offset + i * cRow + j;
                    if (j >= n) {
                        assertThat(out[at]).as("outside of C").isEqualTo(c[at]);
                        continue;
                    }
                    double exact = exact(i, j, (beta == 0f ? 0 : c[at]) + (withBias ? bias[offset + j] : 0));
                    if (!(Math.abs(out[at] - exact) < 1e-5 * Math.sqrt(k) + 2e-6)) {
                        assertThat((double) out[at])
                                .as("%s: row %d, column %d", this, i, j)
                                .isEqualTo(exact);
                    }
                }
            }
        }

        @Override
        public String toString() {
            return m + "x" + n + "x" + k + " a " + aRow + "," + aCol + " b " + bRow + "," + bCol;
        }
    }

    static float[] values(int size, Random random) {
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = random.nextFloat() * 2f - 1f;
        }
        return x;
    }

    @Test
    void isTheChosenImplementation() {
        assertThat(Kernels.find(Gemm.class, Gemm.REFERENCE)).isInstanceOf(VectorGemm.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void oddSizesInEveryLayout(int layout) {
        Random random = new Random(layout);
        for (int m : SIZES) {
            for (int n : SIZES) {
                int k = SIZES[random.nextInt(SIZES.length)];
                new Case(m, n, k, layout, random).check(random.nextBoolean(), random.nextInt(2));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void sizesOfSeveralBlocks(int layout) {
        Random random = new Random(100 + layout);
        new Case(101, 131, 519, layout, random).check(true, 1f);
        new Case(1, 1100, 700, layout, random).check(false, 0f);
        new Case(389, 65, 64, layout, random).check(true, 0f);
        new Case(16, 257, 1031, layout, random).check(false, 1f);
        new Case(77, 264, 1601, layout, random).check(true, 1f);
    }

    @Test
    void agreesWithTheReference() {
        Random random = new Random(5);
        Case x = new Case(37, 70, 300, 2, random);
        float[] expected = x.c.clone();
        Gemm.Prepared view = Gemm.REFERENCE.prepare(1, x.k, x.n, x.b, 3, 0, x.bRow, x.bCol, null);
        Gemm.REFERENCE.multiply(x.m, x.a, 3, x.aRow, x.aCol, view, x.bias, 3, 1f, expected, 3, x.cRow);
        float[] actual = x.multiply(true, 1f);
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(2e-5f));
        }
    }

    @Test
    void nanInCDoesNotMatterWithBetaZero() {
        Random random = new Random(6);
        for (int n : new int[] {1, 16, 64, 65, 113}) {
            Case x = new Case(13, n, 9, 0, random);
            Arrays.fill(x.c, Float.NaN);
            float[] out = x.multiply(false, 0f);
            for (int i = 0; i < x.m * n; i++) {
                assertThat(out[3 + i]).isFinite();
            }
        }
    }

    @Test
    void nothingToSumIsZeroOrBias() {
        float[] c = {CANARY, CANARY};
        Gemm.Prepared b = GEMM.prepare(1, 0, 2, new float[0], 0, 0, 2, 1, null);
        GEMM.multiply(1, new float[0], 0, 0, 1, b, new float[] {1f, 2f}, 0, 0f, c, 0, 2);
        assertThat(c).containsExactly(1f, 2f);
        GEMM.multiply(1, new float[0], 0, 0, 1, b, null, 0, 1f, c, 0, 2);
        assertThat(c).containsExactly(1f, 2f);
        GEMM.multiply(0, new float[0], 0, 0, 1, b, null, 0, 0f, c, 0, 2);
        assertThat(c).containsExactly(1f, 2f);
    }

    @Test
    void aRowDependsNeitherOnItsNeighboursNorOnTheThreads() {
        Random random = new Random(7);
        Case x = new Case(403, 333, 517, 2, random);
        Parallel.setThreads(1);
        float[] whole = x.multiply(true, 0f);
        for (int n = 2; n <= 3; n++) {
            Parallel.setThreads(n);
            assertThat(x.multiply(true, 0f)).isEqualTo(whole);
        }
        Gemm.Prepared b = x.prepare();
        for (int rows = 1; rows <= 8; rows++) {
            int first = 49 * rows;
            float[] part = new float[rows * x.n];
            GEMM.multiply(rows, x.a, 3 + first * x.aRow, x.aRow, x.aCol, b, x.bias, 3, 0f, part, 0, x.n);
            for (int i = 0; i < rows; i++) {
                int at = 3 + (first + i) * x.cRow;
                assertThat(Arrays.copyOfRange(part, i * x.n, (i + 1) * x.n))
                        .isEqualTo(Arrays.copyOfRange(whole, at, at + x.n));
            }
        }
    }

    @Test
    void preparedMemoryIsTakenOver() {
        Random random = new Random(8);
        Case x = new Case(7, 65, 33, 2, random);
        Gemm.Prepared first = x.prepare();
        Case y = new Case(7, 65, 33, 2, random);
        Gemm.Prepared second = GEMM.prepare(1, y.k, y.n, y.b, 3, 0, y.bRow, y.bCol, first);
        assertThat(second).isSameAs(first);
        float[] out = y.c.clone();
        GEMM.multiply(y.m, y.a, 3, y.aRow, y.aCol, second, null, 0, 0f, out, 3, y.cRow);
        assertThat(out).isEqualTo(y.multiply(false, 0f));
        assertThat(GEMM.prepare(1, y.k + 1, y.n - 1, y.b, 0, 0, 1, 1, first)).isNotSameAs(first);
    }

    @ParameterizedTest
    @ValueSource(floats = {0f, 1f})
    void groupsOfVeryDifferentSizes(float beta) {
        Random random = new Random(9);
        int n = 97;
        int k = 70;
        int[] starts = {2, 2, 3, 130, 130, 147, 550};
        int groups = starts.length - 1;
        float[] a = values(551 * k, random);
        float[] b = values(groups * n * k, random);
        float[] c = values(551 * n, random);
        Gemm.Prepared fast = GEMM.prepare(groups, k, n, b, 0, n * k, 1, k, null);
        Gemm.Prepared view = Gemm.REFERENCE.prepare(groups, k, n, b, 0, n * k, 1, k, null);
        float[] expected = c.clone();
        Gemm.REFERENCE.multiplyGrouped(starts, a, 0, k, 1, view, beta, expected, 0, n);
        Parallel.setThreads(1);
        float[] once = c.clone();
        GEMM.multiplyGrouped(starts, a, 0, k, 1, fast, beta, once, 0, n);
        assertThat(once).usingComparatorWithPrecision(2e-5f).containsExactly(expected);
        Parallel.setThreads(3);
        float[] again = c.clone();
        GEMM.multiplyGrouped(starts, a, 0, k, 1, fast, beta, again, 0, n);
        assertThat(again).isEqualTo(once);
    }

    @ParameterizedTest
    @ValueSource(floats = {0f, 1f})
    void weightGradientsOfGroups(float beta) {
        Random random = new Random(10);
        int m = 131;
        int n = 81;
        int[] starts = {1, 1, 2, 9, 409, 409, 430};
        int groups = starts.length - 1;
        float[] a = values(430 * m, random);
        float[] b = values(430 * n, random);
        float[] c = values(groups * m * n, random);
        float[] expected = c.clone();
        Gemm.REFERENCE.multiplyGroupedTransposed(groups, m, n, starts, a, 0, m, b, 0, n, beta, expected, 0);
        Parallel.setThreads(1);
        float[] once = c.clone();
        GEMM.multiplyGroupedTransposed(groups, m, n, starts, a, 0, m, b, 0, n, beta, once, 0);
        assertThat(once).usingComparatorWithPrecision(5e-5f).containsExactly(expected);
        Parallel.setThreads(3);
        float[] again = c.clone();
        GEMM.multiplyGroupedTransposed(groups, m, n, starts, a, 0, m, b, 0, n, beta, again, 0);
        assertThat(again).isEqualTo(once);
    }

    /** One group, cut for one thread, a few and many. */
    @Test
    void aWeightGradientDoesNotDependOnTheThreads() {
        Random random = new Random(12);
        int m = 410;
        int n = 168;
        int k = 1601;
        float[] a = values(k * m, random);
        float[] b = values(k * n, random);
        int[] all = {0, k};
        float[] expected = new float[m * n];
        Gemm.REFERENCE.multiplyGroupedTransposed(1, m, n, all, a, 0, m, b, 0, n, 0f, expected, 0);
        float[] once = null;
        for (int count : new int[] {1, 2, 5, 16}) {
            Parallel.setThreads(count);
            float[] c = new float[m * n];
            GEMM.multiplyGroupedTransposed(1, m, n, all, a, 0, m, b, 0, n, 0f, c, 0);
            once = once == null ? c : once;
            assertThat(c).isEqualTo(once);
        }
        assertThat(once).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
    }

    /** Enough rows and panels for copies of both operands, with ragged rows, columns and steps along k. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 6})
    void copiesOfBothOperands(int layout) {
        Random random = new Random(layout);
        for (int m : new int[] {72, 75, 83}) {
            for (int n : new int[] {256, 320, 387}) {
                for (int k : new int[] {1, 3, 4, 67, GemmBlock.DEPTH, GemmBlock.DEPTH + 5}) {
                    new Case(m, n, k, layout, random).check(random.nextBoolean(), random.nextInt(2));
                }
            }
        }
    }

    /** Tiles with constant steps have the bits of plain loops, wherever k ends. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 8, 31, 130})
    void tilesWithConstantSteps(int k) {
        Random random = new Random(k);
        int m = 2 * GemmBlock.ROWS;
        int width = Panels.WIDTH;
        float[] rows = values(m * TilesTwoCopied.ROW, random);
        float[] tiles = new float[TilePacking.tiles(k, m)];
        for (int p = 0; p < k; p++) {
            for (int i = 0; i < m; i++) {
                int tile = i / GemmBlock.ROWS * TilePacking.tile(k);
                tiles[tile + p * GemmBlock.ROWS + i % GemmBlock.ROWS] = rows[i * TilesTwoCopied.ROW + p];
            }
        }
        float[] b = values(k * width, random);
        float[] init = values(m * width, random);
        float[] expected = new float[m * width];
        ScalarTiles.rows(m, k, rows, 0, TilesTwoCopied.ROW, 1, b, 0, width, width, init, 0, width, expected, 0, width);
        float[] c = init.clone();
        GemmBlock.panel(m, k, rows, 0, TilesTwoCopied.ROW, 1, b, 0, width, 0, width, null, 0, 1f, c, 0, width, null);
        assertThat(c).containsExactly(expected);
        c = init.clone();
        GemmBlock.panel(m, k, tiles, 0, 1, GemmBlock.ROWS, TilePacking.tile(k), b, 0, width, 0, width, null, 0, 1f, c,
                0, width, null);
        assertThat(c).containsExactly(expected);
    }

    /** Copies of tiles read whole vectors: never behind the last column of the last row, where the array ends. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 7, 8, 9, 12, 14, 40, 137, 150})
    void columnsOfLongRowsUpToTheEndOfAnArray(int m) {
        Random random = new Random(m);
        int k = 203;
        int n = 70;
        int row = GemmBlock.FAR + 9;
        int offset = row - m;
        float[] a = values(k * row, random);
        float[] b = values(k * n, random);
        float[] c = values(m * n, random);
        float[] expected = c.clone();
        int[] all = {0, k};
        Gemm.REFERENCE.multiplyGroupedTransposed(1, m, n, all, a, offset, row, b, 0, n, 1f, expected, 0);
        float[] actual = c.clone();
        GEMM.multiplyGroupedTransposed(1, m, n, all, a, offset, row, b, 0, n, 1f, actual, 0);
        assertThat(actual).usingComparatorWithPrecision(5e-5f).containsExactly(expected);
    }

    /** A's rows are columns of an array, B stands, as in products of a matrix with itself; C's rows are longer. */
    @ParameterizedTest
    @ValueSource(ints = {1, 6, 31, 40, 72, 75, 150})
    void columnsByRowsThatStand(int m) {
        Random random = new Random(m);
        int k = 403;
        int n = 96;
        float[] a = values(k * m, random);
        float[] b = values(k * n, random);
        float[] c = values(m * (n + 5), random);
        float[] expected = c.clone();
        Gemm.REFERENCE.multiply(m, a, 0, 1, m, Gemm.REFERENCE.prepare(1, k, n, b, 0, 0, n, 1, null), null, 0, 1f,
                expected, 0, n + 5);
        float[] actual = c.clone();
        GEMM.multiply(m, a, 0, 1, m, GEMM.prepare(1, k, n, b, 0, 0, n, 1, null), null, 0, 1f, actual, 0, n + 5);
        assertThat(actual).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
    }
}
