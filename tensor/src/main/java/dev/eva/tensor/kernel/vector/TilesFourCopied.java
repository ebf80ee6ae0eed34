package dev.eva.tensor.kernel.vector;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The six rows of {@link TilesFour} of operands that were copied to scratch, so that all steps are constants: no checks
 * of bounds, one address for A and one for B, four steps along k in 153 instructions with 96 multiply-adds.
 *
 * <p>What would undo it is C2's order of instructions: it fetches all six elements of a step before the first
 * multiply-add, or those of the next step, and has two or more registers too few; sums and addresses are then kept in
 * memory or wander between registers. Fences keep loads apart, as in {@link TilesTwoCopied}, but not the multiply-adds,
 * which C2 puts off. So between steps there is a way out of the loop that is never taken: C2 makes it a return to the
 * interpreter, for which all sums must be there, each in its register.
 */
final class TilesFourCopied {
    /** Floats between copied rows. */
    static final int ROW = TilesTwoCopied.ROW;
    /** Steps along k of a turn of the loop; k is a multiple, which loops say again: C2 then sees no overflow. */
    static final int TURNS = 4;

    /** Less than any p. A constant, or final, and C2 would know; far below, so that what is added changes nothing. */
    private static int never = -100_000;

    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;

    private TilesFourCopied() {}

    // Unrolled by hand and kept out of the formatter: C2 holds vectors in registers only as locals of one method.
    // The numbers added to "stop" only have to differ, but C2's choice of registers hangs on them: with 1, 2, 3
    // products were 0.93 of what they are.
    // spotless:off

    /** Of rows of A that lie {@link #ROW} apart, {@code tiles} times down the rows. */
    static void rows(
            int tiles, int k, float[] a, int aOffset, int aTile, float[] b, int bOffset,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int none = never;
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
            int from = aOffset + t * aTile;
            int stop = none;
            for (int p = 0; p < k / TURNS * TURNS; p += TURNS) {
                int bi = bOffset + p * (4 * L), ai = from + p;
                FloatVector b0 = fromArray(S, b, bi), b1 = fromArray(S, b, bi + L),
                        b2 = fromArray(S, b, bi + 2 * L), b3 = fromArray(S, b, bi + 3 * L);
                FloatVector x = broadcast(S, a[ai]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + ROW]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 2 * ROW]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 3 * ROW]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 4 * ROW]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 5 * ROW]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                if (p == stop + 20) {
                    break;
                }
                b0 = fromArray(S, b, bi + 4 * L); b1 = fromArray(S, b, bi + 5 * L);
                b2 = fromArray(S, b, bi + 6 * L); b3 = fromArray(S, b, bi + 7 * L);
                x = broadcast(S, a[ai + 1]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + ROW + 1]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 2 * ROW + 1]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 3 * ROW + 1]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 4 * ROW + 1]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 5 * ROW + 1]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                if (p == stop + 44) {
                    break;
                }
                b0 = fromArray(S, b, bi + 8 * L); b1 = fromArray(S, b, bi + 9 * L);
                b2 = fromArray(S, b, bi + 10 * L); b3 = fromArray(S, b, bi + 11 * L);
                x = broadcast(S, a[ai + 2]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + ROW + 2]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 2 * ROW + 2]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 3 * ROW + 2]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 4 * ROW + 2]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 5 * ROW + 2]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                if (p == stop + 68) {
                    break;
                }
                b0 = fromArray(S, b, bi + 12 * L); b1 = fromArray(S, b, bi + 13 * L);
                b2 = fromArray(S, b, bi + 14 * L); b3 = fromArray(S, b, bi + 15 * L);
                x = broadcast(S, a[ai + 3]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + ROW + 3]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 2 * ROW + 3]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 3 * ROW + 3]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 4 * ROW + 3]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 5 * ROW + 3]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
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

    /** Of A in tiles, six columns of every row. */
    static void columns(
            int tiles, int k, float[] a, int aOffset, int aTile, float[] b, int bOffset,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        int none = never;
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
            int from = aOffset + t * aTile;
            int stop = none;
            for (int p = 0; p < k / TURNS * TURNS; p += TURNS) {
                int bi = bOffset + p * (4 * L), ai = from + p * 6;
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
                if (p == stop + 20) {
                    break;
                }
                b0 = fromArray(S, b, bi + 4 * L); b1 = fromArray(S, b, bi + 5 * L);
                b2 = fromArray(S, b, bi + 6 * L); b3 = fromArray(S, b, bi + 7 * L);
                x = broadcast(S, a[ai + 6]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + 7]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 8]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 9]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 10]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 11]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                if (p == stop + 44) {
                    break;
                }
                b0 = fromArray(S, b, bi + 8 * L); b1 = fromArray(S, b, bi + 9 * L);
                b2 = fromArray(S, b, bi + 10 * L); b3 = fromArray(S, b, bi + 11 * L);
                x = broadcast(S, a[ai + 12]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + 13]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 14]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 15]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 16]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 17]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
                if (p == stop + 68) {
                    break;
                }
                b0 = fromArray(S, b, bi + 12 * L); b1 = fromArray(S, b, bi + 13 * L);
                b2 = fromArray(S, b, bi + 14 * L); b3 = fromArray(S, b, bi + 15 * L);
                x = broadcast(S, a[ai + 18]);
                c00 = x.fma(b0, c00); c01 = x.fma(b1, c01); c02 = x.fma(b2, c02); c03 = x.fma(b3, c03);
                x = broadcast(S, a[ai + 19]);
                c10 = x.fma(b0, c10); c11 = x.fma(b1, c11); c12 = x.fma(b2, c12); c13 = x.fma(b3, c13);
                x = broadcast(S, a[ai + 20]);
                c20 = x.fma(b0, c20); c21 = x.fma(b1, c21); c22 = x.fma(b2, c22); c23 = x.fma(b3, c23);
                x = broadcast(S, a[ai + 21]);
                c30 = x.fma(b0, c30); c31 = x.fma(b1, c31); c32 = x.fma(b2, c32); c33 = x.fma(b3, c33);
                x = broadcast(S, a[ai + 22]);
                c40 = x.fma(b0, c40); c41 = x.fma(b1, c41); c42 = x.fma(b2, c42); c43 = x.fma(b3, c43);
                x = broadcast(S, a[ai + 23]);
                c50 = x.fma(b0, c50); c51 = x.fma(b1, c51); c52 = x.fma(b2, c52); c53 = x.fma(b3, c53);
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

    // spotless:on
}
