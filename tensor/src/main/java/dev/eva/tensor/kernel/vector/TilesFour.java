package dev.eva.tensor.kernel.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of C that are four vectors wide, for 32 registers: 24 accumulators, four of B and one of A.
 *
 * <p>Each computes {@code C = init + A B} in registers as a sum of {@code k} outer products, in ascending order with
 * one fma an element: the same steps for every tile shape, so a row's result depends on neither its tile nor its
 * neighbours. {@code A(i, p)} is {@code a[aOffset + i * aRow + p * aStep]}; B is packed, one row of the tile's width
 * after another. {@code init} is C itself, or zeros or a bias (both with {@code initRow = 0}), which spares the
 * kernels a branch.
 */
final class TilesFour {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private TilesFour() {}

    // Unrolled by hand and kept out of the formatter: C2 holds vectors in registers only as locals of one method.
    // spotless:off

    /**
     * Six rows at a time, {@code tiles} times down the rows: as many steps as make whole turns of a loop by the loop
     * that knows most about its operands, the rest by one that knows nothing. Were the rest in those loops, C2 would
     * leave it out until the first product has one, and compile both anew while that product waits (1.3 s of a step).
     */
    static void rows6(
            int tiles, int k, float[] a, int aOffset, int aRow, int aStep, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        boolean copied = bStep == 4 * L && (aStep == 1 && aRow == TilesFourCopied.ROW || aStep == 6 && aRow == 1);
        int whole = k - k % (copied ? TilesFourCopied.TURNS : 2);
        if (copied && aStep == 1) {
            TilesFourCopied.rows(
                    tiles, whole, a, aOffset, aTile, b, bOffset, init, initOffset, initRow, c, cOffset, cRow);
        } else if (copied) {
            TilesFourCopied.columns(
                    tiles, whole, a, aOffset, aTile, b, bOffset, init, initOffset, initRow, c, cOffset, cRow);
        } else if (aStep == 1) {
            along(tiles, whole, a, aOffset, aRow, aTile, b, bOffset, bStep, init, initOffset, initRow, c, cOffset,
                    cRow);
        } else if (aRow == 1) {
            across(tiles, whole, a, aOffset, aStep, aTile, b, bOffset, bStep, init, initOffset, initRow, c, cOffset,
                    cRow);
        } else {
            steps(tiles, k, a, aOffset, aRow, aStep, aTile, b, bOffset, bStep, init, initOffset, initRow, c, cOffset,
                    cRow);
            return;
        }
        if (whole < k) {
            steps(tiles, k - whole, a, aOffset + whole * aStep, aRow, aStep, aTile, b, bOffset + whole * bStep, bStep,
                    c, cOffset, cRow, c, cOffset, cRow);
        }
    }

    // Where C2 knows a step of A, one check of bounds does for a loop or for six elements. Two turns a loop leave it
    // enough registers for addresses; with one it keeps them in vector registers, and fetching them from there takes
    // a multiply-add's place.

    /** Rows of A element by element. */
    private static void along(
            int tiles, int k, float[] a, int aOffset, int aRow, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L),
                    c02 = fromArray(S, init, ci + 2 * L), c03 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L),
                    c12 = fromArray(S, init, ci + 2 * L), c13 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L),
                    c22 = fromArray(S, init, ci + 2 * L), c23 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L),
                    c32 = fromArray(S, init, ci + 2 * L), c33 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci), c41 = fromArray(S, init, ci + L),
                    c42 = fromArray(S, init, ci + 2 * L), c43 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci), c51 = fromArray(S, init, ci + L),
                    c52 = fromArray(S, init, ci + 2 * L), c53 = fromArray(S, init, ci + 3 * L);
            int a0 = aOffset + t * aTile, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
            int a4 = a3 + aRow, a5 = a4 + aRow;
            int bi = bOffset;
            for (int p = 0; p <= k - 2; p += 2) {
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                        b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
                FloatVector x = broadcast(S, a[a0 + p]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[a1 + p]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[a2 + p]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[a3 + p]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[a4 + p]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[a5 + p]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                bi += bStep;
                b0 = fromArray(S, b, bi); b1 = fromArray(S, b, bi + L);
                b2 = fromArray(S, b, bi + 2 * L); b3 = fromArray(S, b, bi + 3 * L);
                x = broadcast(S, a[a0 + p + 1]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[a1 + p + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[a2 + p + 1]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[a3 + p + 1]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[a4 + p + 1]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[a5 + p + 1]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                bi += bStep;
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct); c01.intoArray(c, ct + L); c02.intoArray(c, ct + 2 * L); c03.intoArray(c, ct + 3 * L);
            ct += cRow;
            c10.intoArray(c, ct); c11.intoArray(c, ct + L); c12.intoArray(c, ct + 2 * L); c13.intoArray(c, ct + 3 * L);
            ct += cRow;
            c20.intoArray(c, ct); c21.intoArray(c, ct + L); c22.intoArray(c, ct + 2 * L); c23.intoArray(c, ct + 3 * L);
            ct += cRow;
            c30.intoArray(c, ct); c31.intoArray(c, ct + L); c32.intoArray(c, ct + 2 * L); c33.intoArray(c, ct + 3 * L);
            ct += cRow;
            c40.intoArray(c, ct); c41.intoArray(c, ct + L); c42.intoArray(c, ct + 2 * L); c43.intoArray(c, ct + 3 * L);
            ct += cRow;
            c50.intoArray(c, ct); c51.intoArray(c, ct + L); c52.intoArray(c, ct + 2 * L); c53.intoArray(c, ct + 3 * L);
        }
    }

    /** Six neighbours of A, which share one check, a step. */
    private static void across(
            int tiles, int k, float[] a, int aOffset, int aStep, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L),
                    c02 = fromArray(S, init, ci + 2 * L), c03 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L),
                    c12 = fromArray(S, init, ci + 2 * L), c13 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L),
                    c22 = fromArray(S, init, ci + 2 * L), c23 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L),
                    c32 = fromArray(S, init, ci + 2 * L), c33 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci), c41 = fromArray(S, init, ci + L),
                    c42 = fromArray(S, init, ci + 2 * L), c43 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci), c51 = fromArray(S, init, ci + L),
                    c52 = fromArray(S, init, ci + 2 * L), c53 = fromArray(S, init, ci + 3 * L);
            int ai = aOffset + t * aTile;
            int bi = bOffset;
            for (int p = 0; p <= k - 2; p += 2) {
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                        b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
                FloatVector x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 2]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 3]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 4]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 5]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                ai += aStep;
                bi += bStep;
                b0 = fromArray(S, b, bi); b1 = fromArray(S, b, bi + L);
                b2 = fromArray(S, b, bi + 2 * L); b3 = fromArray(S, b, bi + 3 * L);
                x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 2]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 3]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 4]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 5]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                ai += aStep;
                bi += bStep;
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct); c01.intoArray(c, ct + L); c02.intoArray(c, ct + 2 * L); c03.intoArray(c, ct + 3 * L);
            ct += cRow;
            c10.intoArray(c, ct); c11.intoArray(c, ct + L); c12.intoArray(c, ct + 2 * L); c13.intoArray(c, ct + 3 * L);
            ct += cRow;
            c20.intoArray(c, ct); c21.intoArray(c, ct + L); c22.intoArray(c, ct + 2 * L); c23.intoArray(c, ct + 3 * L);
            ct += cRow;
            c30.intoArray(c, ct); c31.intoArray(c, ct + L); c32.intoArray(c, ct + 2 * L); c33.intoArray(c, ct + 3 * L);
            ct += cRow;
            c40.intoArray(c, ct); c41.intoArray(c, ct + L); c42.intoArray(c, ct + 2 * L); c43.intoArray(c, ct + 3 * L);
            ct += cRow;
            c50.intoArray(c, ct); c51.intoArray(c, ct + L); c52.intoArray(c, ct + 2 * L); c53.intoArray(c, ct + 3 * L);
        }
    }

    /** Any A and any number of steps, one at a time. */
    private static void steps(
            int tiles, int k, float[] a, int aOffset, int aRow, int aStep, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L),
                    c02 = fromArray(S, init, ci + 2 * L), c03 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L),
                    c12 = fromArray(S, init, ci + 2 * L), c13 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L),
                    c22 = fromArray(S, init, ci + 2 * L), c23 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L),
                    c32 = fromArray(S, init, ci + 2 * L), c33 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci), c41 = fromArray(S, init, ci + L),
                    c42 = fromArray(S, init, ci + 2 * L), c43 = fromArray(S, init, ci + 3 * L);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci), c51 = fromArray(S, init, ci + L),
                    c52 = fromArray(S, init, ci + 2 * L), c53 = fromArray(S, init, ci + 3 * L);
            int a0 = aOffset + t * aTile, a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
            int a4 = a3 + aRow, a5 = a4 + aRow;
            int bi = bOffset;
            for (int p = 0; p < k * aStep; p += aStep) {
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                        b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
                FloatVector x = broadcast(S, a[a0 + p]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[a1 + p]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[a2 + p]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[a3 + p]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[a4 + p]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[a5 + p]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                bi += bStep;
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct); c01.intoArray(c, ct + L); c02.intoArray(c, ct + 2 * L); c03.intoArray(c, ct + 3 * L);
            ct += cRow;
            c10.intoArray(c, ct); c11.intoArray(c, ct + L); c12.intoArray(c, ct + 2 * L); c13.intoArray(c, ct + 3 * L);
            ct += cRow;
            c20.intoArray(c, ct); c21.intoArray(c, ct + L); c22.intoArray(c, ct + 2 * L); c23.intoArray(c, ct + 3 * L);
            ct += cRow;
            c30.intoArray(c, ct); c31.intoArray(c, ct + L); c32.intoArray(c, ct + 2 * L); c33.intoArray(c, ct + 3 * L);
            ct += cRow;
            c40.intoArray(c, ct); c41.intoArray(c, ct + L); c42.intoArray(c, ct + 2 * L); c43.intoArray(c, ct + 3 * L);
            ct += cRow;
            c50.intoArray(c, ct); c51.intoArray(c, ct + L); c52.intoArray(c, ct + 2 * L); c53.intoArray(c, ct + 3 * L);
        }
    }

    /** Four rows. */
    static void rows4(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L),
                c02 = fromArray(S, init, ci + 2 * L), c03 = fromArray(S, init, ci + 3 * L);
        ci += initRow;
        FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L),
                c12 = fromArray(S, init, ci + 2 * L), c13 = fromArray(S, init, ci + 3 * L);
        ci += initRow;
        FloatVector c20 = fromArray(S, init, ci), c21 = fromArray(S, init, ci + L),
                c22 = fromArray(S, init, ci + 2 * L), c23 = fromArray(S, init, ci + 3 * L);
        ci += initRow;
        FloatVector c30 = fromArray(S, init, ci), c31 = fromArray(S, init, ci + L),
                c32 = fromArray(S, init, ci + 2 * L), c33 = fromArray(S, init, ci + 3 * L);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                    b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
            x = broadcast(S, a[ai + aRow]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
            x = broadcast(S, a[ai + 2 * aRow]);
            c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
            x = broadcast(S, a[ai + 3 * aRow]);
            c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct); c01.intoArray(c, ct + L); c02.intoArray(c, ct + 2 * L); c03.intoArray(c, ct + 3 * L);
        ct += cRow;
        c10.intoArray(c, ct); c11.intoArray(c, ct + L); c12.intoArray(c, ct + 2 * L); c13.intoArray(c, ct + 3 * L);
        ct += cRow;
        c20.intoArray(c, ct); c21.intoArray(c, ct + L); c22.intoArray(c, ct + 2 * L); c23.intoArray(c, ct + 3 * L);
        ct += cRow;
        c30.intoArray(c, ct); c31.intoArray(c, ct + L); c32.intoArray(c, ct + 2 * L); c33.intoArray(c, ct + 3 * L);
    }

    /** Two rows. */
    static void rows2(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L),
                c02 = fromArray(S, init, ci + 2 * L), c03 = fromArray(S, init, ci + 3 * L);
        ci += initRow;
        FloatVector c10 = fromArray(S, init, ci), c11 = fromArray(S, init, ci + L),
                c12 = fromArray(S, init, ci + 2 * L), c13 = fromArray(S, init, ci + 3 * L);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                    b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
            x = broadcast(S, a[ai + aRow]);
            c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct); c01.intoArray(c, ct + L); c02.intoArray(c, ct + 2 * L); c03.intoArray(c, ct + 3 * L);
        ct += cRow;
        c10.intoArray(c, ct); c11.intoArray(c, ct + L); c12.intoArray(c, ct + 2 * L); c13.intoArray(c, ct + 3 * L);
    }

    /** One row. */
    static void rows1(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci), c01 = fromArray(S, init, ci + L),
                c02 = fromArray(S, init, ci + 2 * L), c03 = fromArray(S, init, ci + 3 * L);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                    b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct); c01.intoArray(c, ct + L); c02.intoArray(c, ct + 2 * L); c03.intoArray(c, ct + 3 * L);
    }

    // spotless:on
}
