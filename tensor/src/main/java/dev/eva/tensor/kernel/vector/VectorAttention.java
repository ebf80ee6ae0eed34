package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.Attention;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Attention} as small matrix products on strips of the scores: some rows of queries times the keys up to their last one, in
 * scratch of the thread. What lies right of the diagonal is not computed but for the panel that the diagonal crosses.
 *
 * <p>Letters as in {@link Attention}; {@code R} rows of a strip. Sums over keys are taken in ascending order, so a row's result
 * does not depend on the rows beside it.
 */
final class VectorAttention implements Attention {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;
    /** Scores of a strip at most, but for very long sequences: two strips and the operands stay in the second-level cache. */
    private static final int STRIP = 1 << 15;
    /** Rows of a strip: multiples of a tile's six. Up to the long one, a sequence is one strip. */
    private static final int LONGEST_STRIP = 96;
    private static final int ROWS = 48;
    private static final int FEWEST_ROWS = 24;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /** Memory of one thread: grows, never shrinks. */
    private static final class Scratch {
        final float[] lanes = new float[L];
        private final float[][] arrays = new float[8][0];

        float[] get(int slot, int size) {
            if (arrays[slot].length < size) {
                arrays[slot] = new float[size];
            }
            return arrays[slot];
        }
    }

    private static final int KEYS_TURNED = 0;
    private static final int VALUES = 1;
    private static final int SCORES = 2;
    private static final int VALUES_TURNED = 3;
    private static final int KEYS = 4;
    private static final int SCORE_GRADIENTS = 5;
    private static final int STRIP_RIGHT = 6;
    private static final int STRIP_SUMS = 7;

    private static int stripRows(int t) {
        if (t <= LONGEST_STRIP) {
            return t;
        }
        return Math.clamp(STRIP / t / GemmBlock.ROWS * GemmBlock.ROWS, FEWEST_ROWS, ROWS);
    }

    @Override
    public void forward(
            int t, int h, int hv, float scale, float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset,
            float[] out, int outOffset, int outRow, float[] lse, int lseOffset) {
        Scratch scratch = SCRATCH.get();
        float[] tile = GemmBlock.scratch().tile;
        float[] keys = packTurned(t, h, k, kOffset, scratch.get(KEYS_TURNED, h * Panels.padded(t)));
        float[] values = packRows(t, hv, v, vOffset, hv, scratch.get(VALUES, t * Panels.padded(hv)));
        int rows = stripRows(t);
        int ld = Panels.padded(t) + L;
        float[] s = scratch.get(SCORES, rows * ld);
        float[] scales = scratch.get(STRIP_SUMS, rows);
        for (int i = 0; i < t; i += rows) {
            int m = Math.min(rows, t - i);
            scores(m, i + m, t, h, q, qOffset + i * h, h, keys, s, ld, tile);
            for (int r = 0; r < m; r++) {
                float max = maskedMax(i + r + 1, s, r * ld);
                double sum = expAndSum(i + r + 1, i + m, scale, max, s, r * ld, scratch.lanes);
                lse[lseOffset + i + r] = (float) ((double) scale * max + Math.log(sum));
                scales[r] = (float) (1 / sum);
            }
            int to = outOffset + i * outRow;
            for (int panel = 0; panel < Panels.count(hv); panel++) {
                GemmBlock.panel(m, i + m, s, 0, ld, 1, values, Panels.column(panel, hv) * t, panel, hv, null, 0, 0f,
                        out, to, outRow, tile);
            }
            for (int r = 0; r < m; r++) {
                scaleRow(hv, scales[r], out, to + r * outRow);
            }
        }
    }

    @Override
    public void backward(
            int t, int h, int hv, float scale, float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset,
            float[] out, float[] dOut, int outOffset, int dOutOffset, int outRow, float[] lse, int lseOffset,
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset) {
        Scratch scratch = SCRATCH.get();
        float[] tile = GemmBlock.scratch().tile;
        float[] keysTurned = packTurned(t, h, k, kOffset, scratch.get(KEYS_TURNED, h * Panels.padded(t)));
        float[] valuesTurned = packTurned(t, hv, v, vOffset, scratch.get(VALUES_TURNED, hv * Panels.padded(t)));
        float[] keys = packRows(t, h, k, kOffset, h, scratch.get(KEYS, t * Panels.padded(h)));
        int rows = stripRows(t);
        int ld = Panels.padded(t) + L;
        float[] p = scratch.get(SCORES, rows * ld);
        float[] ds = scratch.get(SCORE_GRADIENTS, rows * ld);
        float[] right = scratch.get(STRIP_RIGHT, rows * Math.max(Panels.padded(h), Panels.padded(hv)));
        for (int i = 0; i < t; i += rows) {
            int m = Math.min(rows, t - i);
            int n = i + m;
            int at = dOutOffset + i * outRow;
            scores(m, n, t, h, q, qOffset + i * h, h, keysTurned, p, ld, tile);
            scores(m, n, t, hv, dOut, at, outRow, valuesTurned, ds, ld, tile);
            for (int r = 0; r < m; r++) {
                float delta = dot(hv, out, outOffset + (i + r) * outRow, dOut, at + r * outRow, scratch.lanes);
                scoreGradients(i + r + 1, n, scale, lse[lseOffset + i + r], delta, p, ds, r * ld);
            }
            for (int panel = 0; panel < Panels.count(h); panel++) {
                GemmBlock.panel(m, n, ds, 0, ld, 1, keys, Panels.column(panel, h) * t, panel, h, null, 0, 0f,
                        dq, dqOffset + i * h, h, tile);
            }
            addTurned(m, n, i, ds, ld, packRows(m, h, q, qOffset + i * h, h, right), h, dk, dkOffset, tile);
            addTurned(m, n, i, p, ld, packRows(m, hv, dOut, at, outRow, right), hv, dv, dvOffset, tile);
        }
    }

    /** Panels of {@code X^T}, where X has t rows of {@code width}: the right operand of scores. */
    private static float[] packTurned(int t, int width, float[] x, int offset, float[] to) {
        for (int panel = 0; panel < Panels.count(t); panel++) {
            Panels.pack(panel, t, width, x, offset, 1, width, to, Panels.column(panel, t) * width);
        }
        return to;
    }

    /** Panels of X, which has t rows of {@code width}, {@code row} apart. */
    private static float[] packRows(int t, int width, float[] x, int offset, int row, float[] to) {
        for (int panel = 0; panel < Panels.count(width); panel++) {
            Panels.pack(panel, width, t, x, offset, row, 1, to, Panels.column(panel, width) * t);
        }
        return to;
    }

    /** {@code s = X Y^T} for m rows of X against the first n of the t rows of Y (whole panels: more columns are written). */
    private static void scores(
            int m, int n, int t, int width, float[] x, int offset, int row, float[] turned, float[] s, int ld, float[] tile) {
        int padded = Panels.padded(t);
        for (int panel = 0; panel < Panels.count(t) && Panels.column(panel, t) < n; panel++) {
            GemmBlock.panel(m, width, x, offset, row, 1, turned, Panels.column(panel, t) * width, panel, padded,
                    null, 0, 0f, s, 0, ld, tile);
        }
    }

    /**
     * {@code dx += W^T Y}, where W is a strip of m rows and n columns, and Y its m packed rows of {@code width}. The strip's own m
     * rows of dx are reached for the first time and overwritten.
     */
    private static void addTurned(
            int m, int n, int i, float[] w, int ld, float[] y, int width, float[] dx, int offset, float[] tile) {
        for (int panel = 0; panel < Panels.count(width); panel++) {
            int from = Panels.column(panel, width) * m;
            if (i > 0) {
                GemmBlock.panel(i, m, w, 0, 1, ld, y, from, panel, width, null, 0, 1f, dx, offset, width, tile);
            }
            GemmBlock.panel(n - i, m, w, i, 1, ld, y, from, panel, width, null, 0, 0f, dx, offset + i * width, width, tile);
        }
    }

    /** Largest of the first n scores; what follows in the last vector becomes minus infinity. */
    private static float maskedMax(int n, float[] s, int at) {
        int whole = n / L * L;
        FloatVector max = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < whole; j += L) {
            max = max.max(FloatVector.fromArray(S, s, at + j));
        }
        if (whole < n) {
            VectorMask<Float> inside = S.indexInRange(whole, n);
            FloatVector last = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY)
                    .blend(FloatVector.fromArray(S, s, at + whole), inside);
            last.intoArray(s, at + whole);
            max = max.max(last);
        }
        return max.reduceLanes(VectorOperators.MAX);
    }

    /** {@code s_j = exp(scale (s_j - max))} for the first n scores, 0 up to {@code end}; returns their sum. */
    private static double expAndSum(int n, int end, float scale, float max, float[] s, int at, float[] lanes) {
        FloatVector sum = FloatVector.zero(S);
        int j = 0;
        for (; j < n; j += L) {
            FloatVector p = VectorMath.exp(FloatVector.fromArray(S, s, at + j).sub(max).mul(scale));
            p.intoArray(s, at + j);
            sum = sum.add(p);
        }
        for (; j < end; j += L) {
            FloatVector.zero(S).intoArray(s, at + j);
        }
        return inOrder(sum, lanes);
    }

    /** Probabilities from scores and, in place of the gradients of the probabilities, those of the scores; 0 right of the diagonal. */
    private static void scoreGradients(int n, int end, float scale, float lse, float delta, float[] p, float[] ds, int at) {
        for (int j = 0; j < end; j += L) {
            VectorMask<Float> inside = S.indexInRange(j, n);
            FloatVector s = FloatVector.fromArray(S, p, at + j).mul(scale).sub(lse);
            FloatVector prob = FloatVector.zero(S).blend(VectorMath.exp(s), inside);
            prob.intoArray(p, at + j);
            FloatVector d = FloatVector.fromArray(S, ds, at + j).sub(delta).mul(prob).mul(scale);
            FloatVector.zero(S).blend(d, inside).intoArray(ds, at + j);
        }
    }

    private static void scaleRow(int n, float factor, float[] x, int at) {
        int j = 0;
        for (; j <= n - L; j += L) {
            FloatVector.fromArray(S, x, at + j).mul(factor).intoArray(x, at + j);
        }
        for (; j < n; j++) {
            x[at + j] *= factor;
        }
    }

    private static float dot(int n, float[] a, int aAt, float[] b, int bAt, float[] lanes) {
        FloatVector sum = FloatVector.zero(S);
        int j = 0;
        for (; j <= n - L; j += L) {
            sum = FloatVector.fromArray(S, a, aAt + j).fma(FloatVector.fromArray(S, b, bAt + j), sum);
        }
        double total = inOrder(sum, lanes);
        for (; j < n; j++) {
            total += (double) a[aAt + j] * b[bAt + j];
        }
        return (float) total;
    }

    /** The sum of all lanes in ascending order: {@code reduceLanes} leaves the order open. */
    private static double inOrder(FloatVector v, float[] lanes) {
        v.intoArray(lanes, 0);
        double sum = 0;
        for (int i = 0; i < L; i++) {
            sum += lanes[i];
        }
        return sum;
    }
}
