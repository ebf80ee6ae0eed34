package dev.eva.tensor.kernel.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of C that are one vector wide, for the last columns of a product.
 *
 * <p>Each computes {@code C = init + A B} in registers as a sum of {@code k} outer products, in ascending order with
 * one fma an element: the same steps for every tile shape, so a row's result depends on neither its tile nor its
 * neighbours. {@code A(i, p)} is {@code a[aOffset + i * aRow + p * aStep]}; B is packed, one row of the tile's width
 * after another. {@code init} is C itself, or zeros or a bias (both with {@code initRow = 0}), which spares the
 * kernels a branch.
 */
final class TilesOne {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private TilesOne() {}

    // Unrolled by hand and kept out of the formatter: C2 holds vectors in registers only as locals of one method.
    // spotless:off

    /** Six rows at a time, {@code tiles} times down the rows. */
    static void rows6(
            int tiles, int k, float[] a, int aOffset, int aRow, int aStep, int aTile, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int t = 0; t < tiles; t++) {
            int ci = initOffset + t * 6 * initRow;
            FloatVector c00 = fromArray(S, init, ci);
            ci += initRow;
            FloatVector c10 = fromArray(S, init, ci);
            ci += initRow;
            FloatVector c20 = fromArray(S, init, ci);
            ci += initRow;
            FloatVector c30 = fromArray(S, init, ci);
            ci += initRow;
            FloatVector c40 = fromArray(S, init, ci);
            ci += initRow;
            FloatVector c50 = fromArray(S, init, ci);
            int ai = aOffset + t * aTile;
            int bi = bOffset;
            for (int p = 0; p < k; p++) {
                FloatVector b0 = fromArray(S, b, bi);
                FloatVector x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00);
                x = broadcast(S, a[ai + aRow]);
                c10 = x.fma(b0, c10);
                x = broadcast(S, a[ai + 2 * aRow]);
                c20 = x.fma(b0, c20);
                x = broadcast(S, a[ai + 3 * aRow]);
                c30 = x.fma(b0, c30);
                x = broadcast(S, a[ai + 4 * aRow]);
                c40 = x.fma(b0, c40);
                x = broadcast(S, a[ai + 5 * aRow]);
                c50 = x.fma(b0, c50);
                ai += aStep;
                bi += bStep;
            }
            int ct = cOffset + t * 6 * cRow;
            c00.intoArray(c, ct);
            ct += cRow;
            c10.intoArray(c, ct);
            ct += cRow;
            c20.intoArray(c, ct);
            ct += cRow;
            c30.intoArray(c, ct);
            ct += cRow;
            c40.intoArray(c, ct);
            ct += cRow;
            c50.intoArray(c, ct);
        }
    }

    /** Four rows. */
    static void rows4(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci);
        ci += initRow;
        FloatVector c10 = fromArray(S, init, ci);
        ci += initRow;
        FloatVector c20 = fromArray(S, init, ci);
        ci += initRow;
        FloatVector c30 = fromArray(S, init, ci);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00);
            x = broadcast(S, a[ai + aRow]);
            c10 = x.fma(b0, c10);
            x = broadcast(S, a[ai + 2 * aRow]);
            c20 = x.fma(b0, c20);
            x = broadcast(S, a[ai + 3 * aRow]);
            c30 = x.fma(b0, c30);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct);
        ct += cRow;
        c10.intoArray(c, ct);
        ct += cRow;
        c20.intoArray(c, ct);
        ct += cRow;
        c30.intoArray(c, ct);
    }

    /** Two rows. */
    static void rows2(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci);
        ci += initRow;
        FloatVector c10 = fromArray(S, init, ci);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00);
            x = broadcast(S, a[ai + aRow]);
            c10 = x.fma(b0, c10);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct);
        ct += cRow;
        c10.intoArray(c, ct);
    }

    /** One row. */
    static void rows1(
            int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int ci = initOffset;
        FloatVector c00 = fromArray(S, init, ci);
        int ai = aOffset;
        int bi = bOffset;
        for (int p = 0; p < k; p++) {
            FloatVector b0 = fromArray(S, b, bi);
            FloatVector x = broadcast(S, a[ai]);
            c00 = x.fma(b0, c00);
            ai += aStep;
            bi += bStep;
        }
        int ct = cOffset;
        c00.intoArray(c, ct);
    }

    // spotless:on
}
