package dev.eva.tensor.kernel.vector;

import static java.lang.invoke.VarHandle.loadLoadFence;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import dev.eva.tensor.kernel.Lines;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The six rows of {@link TilesTwo} of operands that were copied to scratch, so that all steps are constants: four steps
 * along k take 92 instructions, 141 there. A core that runs 36 instructions in the six cycles of 12 multiply-adds does
 * not show it; one whose other thread is busy does (1.3 times).
 *
 * <p>Fences say nothing to the processor here. They keep C2 from fetching the elements of A of a whole turn early, for
 * which there are no registers: sums would go to memory in every step.
 */
final class TilesTwoCopied {
    /** Floats between copied rows: a block along k and a line, so that six rows share no set of a cache. */
    static final int ROW = GemmBlock.DEPTH + Lines.FLOATS;
    /** Steps along k of a turn of the loop; k is a multiple, which loops say again: C2 then sees no overflow. */
    static final int TURNS = 4;

    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private TilesTwoCopied() {}

    /** Rows of A where {@link #rows} reads them. */
    static void copyRows(int m, int length, float[] a, int aOffset, int aRow, float[] to, int toOffset) {
        for (int i = 0; i < m; i++) {
            System.arraycopy(a, aOffset + i * aRow, to, toOffset + i * ROW, length);
        }
    }

    // Unrolled by hand and kept out of the formatter: C2 holds vectors in registers only as locals of one method.
    // spotless:off

    /** Of rows of A that lie {@link #ROW} apart, {@code tiles} times down the rows. */
    static void rows(
            int tiles, int k, float[] a, int aOffset, int aTile, float[] b, int bOffset,
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
            int from = aOffset + t * aTile;
            for (int p = 0; p < k / TURNS * TURNS; p += TURNS) {
                int bi = bOffset + p * (2 * L), ai = from + p;
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
                FloatVector x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + ROW]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 2 * ROW]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 3 * ROW]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 4 * ROW]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 5 * ROW]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                loadLoadFence();
                b0 = fromArray(S, b, bi + 2 * L); b1 = fromArray(S, b, bi + 2 * L + L);
                x = broadcast(S, a[ai + 1]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + ROW + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 2 * ROW + 1]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 3 * ROW + 1]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 4 * ROW + 1]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 5 * ROW + 1]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                loadLoadFence();
                b0 = fromArray(S, b, bi + 4 * L); b1 = fromArray(S, b, bi + 4 * L + L);
                x = broadcast(S, a[ai + 2]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + ROW + 2]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 2 * ROW + 2]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 3 * ROW + 2]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 4 * ROW + 2]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 5 * ROW + 2]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                loadLoadFence();
                b0 = fromArray(S, b, bi + 6 * L); b1 = fromArray(S, b, bi + 6 * L + L);
                x = broadcast(S, a[ai + 3]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + ROW + 3]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 2 * ROW + 3]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 3 * ROW + 3]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 4 * ROW + 3]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 5 * ROW + 3]);
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

    /** Of A in tiles, six columns of every row. */
    static void columns(
            int tiles, int k, float[] a, int aOffset, int aTile, float[] b, int bOffset,
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
            int from = aOffset + t * aTile;
            for (int p = 0; p < k / TURNS * TURNS; p += TURNS) {
                int bi = bOffset + p * (2 * L), ai = from + p * 6;
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L);
                FloatVector x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 2]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 3]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 4]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 5]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                loadLoadFence();
                b0 = fromArray(S, b, bi + 2 * L); b1 = fromArray(S, b, bi + 2 * L + L);
                x = broadcast(S, a[ai + 6]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + 7]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 8]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 9]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 10]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 11]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                loadLoadFence();
                b0 = fromArray(S, b, bi + 4 * L); b1 = fromArray(S, b, bi + 4 * L + L);
                x = broadcast(S, a[ai + 12]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + 13]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 14]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 15]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 16]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 17]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51);
                loadLoadFence();
                b0 = fromArray(S, b, bi + 6 * L); b1 = fromArray(S, b, bi + 6 * L + L);
                x = broadcast(S, a[ai + 18]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01);
                x = broadcast(S, a[ai + 19]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11);
                loadLoadFence();
                x = broadcast(S, a[ai + 20]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21);
                x = broadcast(S, a[ai + 21]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31);
                loadLoadFence();
                x = broadcast(S, a[ai + 22]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41);
                x = broadcast(S, a[ai + 23]);
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

    // spotless:on
}
