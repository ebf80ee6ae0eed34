package dev.eva.tensor.kernel.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of C that are two vectors wide: 12 accumulators, two of B and one of A fit 16 registers.
 *
 * <p>Each computes {@code C = init + A B} in registers as a sum of {@code k} outer products, in ascending order with
 * one fma an element: the same steps for every tile shape, so a row's result depends on neither its tile nor its
 * neighbours. {@code A(i, p)} is {@code a[aOffset + i * aRow + p * aStep]}; B is packed, one row of the tile's width
 * after another. {@code init} is C itself, or zeros or a bias (both with {@code initRow = 0}), which spares the
 * kernels a branch.
 */
final class TilesTwo {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private TilesTwo() {}

    // Unrolled by hand and kept out of the formatter: C2 holds vectors in registers only as locals of one method.
    // spotless:off

    /** Six rows at a time, {@code tiles} times down the rows. */
    static void rows6(
            int tiles, int k, float[] a, int aOffset, int aRow, int aStep, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        boolean copiedRows = aStep == 1 && aRow == TilesTwoCopied.ROW;
        if (bStep == 2 * L && (copiedRows || aStep == 6 && aRow == 1)) {
            int whole = k - k % TilesTwoCopied.TURNS;
            if (copiedRows) {
                TilesTwoCopied.rows(
                        tiles, whole, a, aOffset, aTile, b, bOffset, init, initOffset, initRow, c, cOffset, cRow);
                if (whole < k) {
                    along(tiles, k - whole, a, aOffset + whole, aRow, aTile, b, bOffset + whole * bStep, bStep,
                            c, cOffset, cRow, c, cOffset, cRow);
                }
            } else {
                TilesTwoCopied.columns(
                        tiles, whole, a, aOffset, aTile, b, bOffset, init, initOffset, initRow, c, cOffset, cRow);
                if (whole < k) {
                    across(tiles, k - whole, a, aOffset + whole * 6, aStep, aTile, b, bOffset + whole * bStep, bStep,
                            c, cOffset, cRow, c, cOffset, cRow);
                }
            }
        } else if (aStep == 1 && bStep == 2 * L) {
            alongPacked(
                    tiles, k, a, aOffset, aRow, aTile, b, bOffset, init, initOffset, initRow, c, cOffset, cRow);
        } else if (aStep == 1) {
            along(tiles, k, a, aOffset, aRow, aTile, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
        } else if (aRow == 1) {
            across(tiles, k, a, aOffset, aStep, aTile, b, bOffset, bStep, init, initOffset, initRow, c, cOffset, cRow);
        } else {
            for (int i = 0; i < 6 * tiles; i += 2) {
                rows2(k, a, aOffset + i * aRow, aRow, aStep, b, bOffset, bStep, init, initOffset + i * initRow, initRow,
                        c, cOffset + i * cRow, cRow);
            }
        }
    }

    // With steps that C2 knows, it checks the bounds of a whole loop before it; with others, of every element.

    /** Rows of A and B element by element: all steps are known. */
    private static void alongPacked(
            int tiles, int k, float[] a, int aOffset, int aRow, int aTile, float[] b, int bOffset,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci), c41 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci), c51 = fromArray(S, init, ci + L);
            int a0 = aOffset + t * aTile, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
            int a4 = a3 + aRow, a5 = a4 + aRow;
            for (int p = 0; p < k; p++) {
                FloatVector b0 = fromArray(S, b, bOffset + p * (2 * L));
                FloatVector b1 = fromArray(S, b, bOffset + p * (2 * L) + L);
                FloatVector x = broadcast(S, a[a0 + p]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[a1 + p]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                x = broadcast(S, a[a2 + p]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[a3 + p]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                x = broadcast(S, a[a4 + p]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[a5 + p]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct); c01.intoArray(c, ct + L);
            ct += cRow;
            c10.intoArray(c, ct); c11.intoArray(c, ct + L);
            ct += cRow;
            c20.intoArray(c, ct); c21.intoArray(c, ct + L);
            ct += cRow;
            c30.intoArray(c, ct); c31.intoArray(c, ct + L);
            ct += cRow;
            c40.intoArray(c, ct); c41.intoArray(c, ct + L);
            ct += cRow;
            c50.intoArray(c, ct); c51.intoArray(c, ct + L);
        }
    }

    /** Rows of A element by element, B where it stands. */
    private static void along(
            int tiles, int k, float[] a, int aOffset, int aRow, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci), c41 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci), c51 = fromArray(S, init, ci + L);
            int a0 = aOffset + t * aTile, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
            int a4 = a3 + aRow, a5 = a4 + aRow;
            int bi = bOffset;
            for (int p = 0; p < k; p++) {
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
                FloatVector x = broadcast(S, a[a0 + p]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[a1 + p]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                x = broadcast(S, a[a2 + p]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[a3 + p]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                x = broadcast(S, a[a4 + p]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[a5 + p]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                bi += bStep;
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct); c01.intoArray(c, ct + L);
            ct += cRow;
            c10.intoArray(c, ct); c11.intoArray(c, ct + L);
            ct += cRow;
            c20.intoArray(c, ct); c21.intoArray(c, ct + L);
            ct += cRow;
            c30.intoArray(c, ct); c31.intoArray(c, ct + L);
            ct += cRow;
            c40.intoArray(c, ct); c41.intoArray(c, ct + L);
            ct += cRow;
            c50.intoArray(c, ct); c51.intoArray(c, ct + L);
        }
    }

    /** Six neighbours of A, which share one check, a step. */
    private static void across(
            int tiles, int k, float[] a, int aOffset, int aStep, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci), c41 = fromArray(S, init, ci + L);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci), c51 = fromArray(S, init, ci + L);
            int ai = aOffset + t * aTile;
            int bi = bOffset;
            for (int p = 0; p < k; p++) {
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
                FloatVector x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                x = broadcast(S, a[ai + 2]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 3]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                x = broadcast(S, a[ai + 4]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 5]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                ai += aStep;
                bi += bStep;
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct); c01.intoArray(c, ct + L);
            ct += cRow;
            c10.intoArray(c, ct); c11.intoArray(c, ct + L);
            ct += cRow;
            c20.intoArray(c, ct); c21.intoArray(c, ct + L);
            ct += cRow;
            c30.intoArray(c, ct); c31.intoArray(c, ct + L);
            ct += cRow;
            c40.intoArray(c, ct); c41.intoArray(c, ct + L);
            ct += cRow;
            c50.intoArray(c, ct); c51.intoArray(c, ct + L);
        }
    }

    /** Four rows. */
    static void rows4(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L);
        ci += initRow;
        FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L);
        ci += initRow;
        FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L);
        ci += initRow;
        FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
            x = broadcast(S, a[ai + aRow]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
            x = broadcast(S, a[ai + 2 * aRow]);
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
            x = broadcast(S, a[ai + 3 * aRow]);
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct); c01.intoArray(c, ct + L);
        ct += cRow;
        c10.intoArray(c, ct); c11.intoArray(c, ct + L);
        ct += cRow;
        c20.intoArray(c, ct); c21.intoArray(c, ct + L);
        ct += cRow;
        c30.intoArray(c, ct); c31.intoArray(c, ct + L);
    }

    /** Two rows. */
    static void rows2(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L);
        ci += initRow;
        FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
            x = broadcast(S, a[ai + aRow]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct); c01.intoArray(c, ct + L);
        ct += cRow;
        c10.intoArray(c, ct); c11.intoArray(c, ct + L);
    }

    /** One row. */
    static void rows1(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct); c01.intoArray(c, ct + L);
    }

    // spotless:on
}
