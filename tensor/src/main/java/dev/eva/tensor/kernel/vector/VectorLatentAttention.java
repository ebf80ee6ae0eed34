package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.LatentAttention;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Scores with a head a lane, values with a latent column a lane: no sum ever crosses lanes, so the order of additions
 * is the same for every vector width and tile.
 *
 * <p>Scratch holds the queries transposed, (R + P) x N', then the scores and later the weights, L x N'; N' is N
 * rounded up to whole vectors.
 */
final class VectorLatentAttention implements LatentAttention {
    private static final VectorSpecies<Float> SPECIES = VectorMath.SPECIES;
    private static final int LANES = VectorMath.LANES;
    /** Cache rows whose scores are summed at once, each in a register of its own. */
    private static final int ROWS = 8;
    /** Heads whose values are summed at once. */
    private static final int HEADS = 4;

    @Override
    public int scratch(int n, int l, int r, int p) {
        return (r + p + l) * padded(n);
    }

    private static int padded(int n) {
        return (n + LANES - 1) / LANES * LANES;
    }

    @Override
    public void scan(
            int n,
            int l,
            int r,
            int p,
            float scale,
            float[] q,
            int qOffset,
            float[] cache,
            int cacheOffset,
            float[] scratch,
            int scratchOffset,
            float[] z,
            int zOffset,
            float[] stats,
            int statsOffset) {
        int row = r + p;
        int width = padded(n);
        int weights = scratchOffset + row * width;
        transpose(n, row, width, scale, q, qOffset, scratch, scratchOffset);
        for (int v = 0; v < width; v += LANES) {
            int j = 0;
            for (; j + ROWS <= l; j += ROWS) {
                scoreRows(
                        row, width, scratch, scratchOffset + v, cache, cacheOffset + j * row, weights + j * width + v);
            }
            for (; j < l; j++) {
                scoreRow(row, width, scratch, scratchOffset + v, cache, cacheOffset + j * row, weights + j * width + v);
            }
            softmax(l, width, scratch, weights + v, scratchOffset + v);
        }
        // Softmax has left its largest scores and sums in the first two rows of the queries, which are done with.
        for (int h = 0; h < n; h++) {
            stats[statsOffset + 2 * h] = scratch[scratchOffset + h];
            stats[statsOffset + 2 * h + 1] = scratch[scratchOffset + width + h];
        }
        values(n, l, r, row, width, scratch, weights, cache, cacheOffset, z, zOffset);
    }

    /** {@code qT[i][h] = scale * q[h][i]}, zeros for the heads that fill up the last vector. */
    private static void transpose(
            int n, int row, int width, float scale, float[] q, int qOffset, float[] qT, int offset) {
        Arrays.fill(qT, offset, offset + row * width, 0f);
        for (int h = 0; h < n; h++) {
            for (int i = 0; i < row; i++) {
                qT[offset + i * width + h] = scale * q[qOffset + h * row + i];
            }
        }
    }

    private static void scoreRows(int row, int width, float[] s, int qT, float[] c, int at, int to) {
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        for (int i = 0; i < row; i++) {
            FloatVector q = FloatVector.fromArray(SPECIES, s, qT + i * width);
            a0 = q.fma(FloatVector.broadcast(SPECIES, c[at + i]), a0);
            a1 = q.fma(FloatVector.broadcast(SPECIES, c[at + row + i]), a1);
            a2 = q.fma(FloatVector.broadcast(SPECIES, c[at + 2 * row + i]), a2);
            a3 = q.fma(FloatVector.broadcast(SPECIES, c[at + 3 * row + i]), a3);
            a4 = q.fma(FloatVector.broadcast(SPECIES, c[at + 4 * row + i]), a4);
            a5 = q.fma(FloatVector.broadcast(SPECIES, c[at + 5 * row + i]), a5);
            a6 = q.fma(FloatVector.broadcast(SPECIES, c[at + 6 * row + i]), a6);
            a7 = q.fma(FloatVector.broadcast(SPECIES, c[at + 7 * row + i]), a7);
        }
        a0.intoArray(s, to);
        a1.intoArray(s, to + width);
        a2.intoArray(s, to + 2 * width);
        a3.intoArray(s, to + 3 * width);
        a4.intoArray(s, to + 4 * width);
        a5.intoArray(s, to + 5 * width);
        a6.intoArray(s, to + 6 * width);
        a7.intoArray(s, to + 7 * width);
    }

    private static void scoreRow(int row, int width, float[] s, int qT, float[] c, int at, int to) {
        FloatVector a = FloatVector.zero(SPECIES);
        for (int i = 0; i < row; i++) {
            FloatVector q = FloatVector.fromArray(SPECIES, s, qT + i * width);
            a = q.fma(FloatVector.broadcast(SPECIES, c[at + i]), a);
        }
        a.intoArray(s, to);
    }

    /** Scores to {@code exp(score - max)} for one vector of heads; max and sum go to the two rows at {@code stats}. */
    private static void softmax(int l, int width, float[] s, int at, int stats) {
        FloatVector max = FloatVector.fromArray(SPECIES, s, at);
        for (int j = 1; j < l; j++) {
            max = max.max(FloatVector.fromArray(SPECIES, s, at + j * width));
        }
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int j = 0; j < l; j++) {
            FloatVector e = VectorMath.exp(
                    FloatVector.fromArray(SPECIES, s, at + j * width).sub(max));
            e.intoArray(s, at + j * width);
            sum = sum.add(e);
        }
        max.intoArray(s, stats);
        sum.intoArray(s, stats + width);
    }

    /**
     * {@code z[h][i] = sum_j w[j][h] c[j][i]}: columns outside, so that a stripe of the cache serves all heads from
     * L1.
     */
    private static void values(
            int n, int l, int r, int row, int width, float[] w, int wAt, float[] c, int cAt, float[] z, int zAt) {
        int i = 0;
        for (; i + 2 * LANES <= r; i += 2 * LANES) {
            int h = 0;
            for (; h + HEADS <= n; h += HEADS) {
                valueTile(l, r, row, width, w, wAt + h, c, cAt + i, z, zAt + h * r + i);
            }
            for (; h < n; h++) {
                valueVector(l, row, width, w, wAt + h, c, cAt + i, z, zAt + h * r + i);
                valueVector(l, row, width, w, wAt + h, c, cAt + i + LANES, z, zAt + h * r + i + LANES);
            }
        }
        for (int h = 0; h < n; h++) {
            int k = i;
            for (; k + LANES <= r; k += LANES) {
                valueVector(l, row, width, w, wAt + h, c, cAt + k, z, zAt + h * r + k);
            }
            if (k < r && r >= LANES) {
                // A last vector that overlaps the one before: it writes the same bits there again.
                k = r - LANES;
                valueVector(l, row, width, w, wAt + h, c, cAt + k, z, zAt + h * r + k);
                k = r;
            }
            for (; k < r; k++) {
                z[zAt + h * r + k] = value(l, row, width, w, wAt + h, c, cAt + k);
            }
        }
    }

    /** Four heads, two vectors of columns. */
    private static void valueTile(
            int l, int r, int row, int width, float[] w, int wAt, float[] c, int cAt, float[] z, int zAt) {
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int j = 0; j < l; j++) {
            FloatVector x = FloatVector.fromArray(SPECIES, c, cAt + j * row);
            FloatVector y = FloatVector.fromArray(SPECIES, c, cAt + j * row + LANES);
            int at = wAt + j * width;
            FloatVector w0 = FloatVector.broadcast(SPECIES, w[at]);
            a0 = x.fma(w0, a0);
            b0 = y.fma(w0, b0);
            FloatVector w1 = FloatVector.broadcast(SPECIES, w[at + 1]);
            a1 = x.fma(w1, a1);
            b1 = y.fma(w1, b1);
            FloatVector w2 = FloatVector.broadcast(SPECIES, w[at + 2]);
            a2 = x.fma(w2, a2);
            b2 = y.fma(w2, b2);
            FloatVector w3 = FloatVector.broadcast(SPECIES, w[at + 3]);
            a3 = x.fma(w3, a3);
            b3 = y.fma(w3, b3);
        }
        a0.intoArray(z, zAt);
        b0.intoArray(z, zAt + LANES);
        a1.intoArray(z, zAt + r);
        b1.intoArray(z, zAt + r + LANES);
        a2.intoArray(z, zAt + 2 * r);
        b2.intoArray(z, zAt + 2 * r + LANES);
        a3.intoArray(z, zAt + 3 * r);
        b3.intoArray(z, zAt + 3 * r + LANES);
    }

    private static void valueVector(
            int l, int row, int width, float[] w, int wAt, float[] c, int cAt, float[] z, int zAt) {
        FloatVector a = FloatVector.zero(SPECIES);
        for (int j = 0; j < l; j++) {
            FloatVector x = FloatVector.fromArray(SPECIES, c, cAt + j * row);
            a = x.fma(FloatVector.broadcast(SPECIES, w[wAt + j * width]), a);
        }
        a.intoArray(z, zAt);
    }

    private static float value(int l, int row, int width, float[] w, int wAt, float[] c, int cAt) {
        float a = 0f;
        for (int j = 0; j < l; j++) {
            a = Math.fma(c[cAt + j * row], w[wAt + j * width], a);
        }
        return a;
    }
}
