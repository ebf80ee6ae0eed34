package dev.eva.tensor.kernel.vector;

import static jdk.incubator.vector.FloatVector.fromArray;

import dev.eva.tensor.kernel.Attention;
import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Lines;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link Attention} as small matrix products on strips of the scores: some rows of queries times the keys up to their
 * last one, in scratch of the thread. What lies right of the diagonal is not computed but for the panel that the
 * diagonal crosses.
 *
 * <p>Letters as in {@link Attention}; {@code R} rows of a strip. Sums over keys are taken in ascending order, so a
 * row's result does not depend on the rows beside it.
 */
final class VectorAttention implements Attention {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int L = VectorMath.LANES;
    /** Every lane's own number. */
    private static final FloatVector LANE = FloatVector.zero(S).addIndex(1);
    /**
     * Scores of a strip at most, but for very long sequences: two strips and the operands stay in the second-level
     * cache.
     */
    private static final int STRIP = 1 << 15;
    /** Rows of a strip: multiples of a tile's six. Up to the long one, a sequence is one strip. */
    private static final int LONGEST_STRIP = 96;

    private static final int ROWS = 48;
    private static final int FEWEST_ROWS = 24;
    /** Multiply-adds that an exponential costs, about. */
    private static final long EXP_WORK = 16;

    /** Longest sequence whose strips have rows as far apart as copied ones, for tiles whose steps are constants, */
    private static final int LONGEST_COPY = GemmBlock.DEPTH;
    /** and where it pays from: 512 positions take 0.97 of their time with 32 registers, 256 take 1.01. */
    private static final int SHORTEST_COPY = Panels.NARROW ? 0 : 384;
    /** Columns of scores from which the rows of their left operand are copied. */
    private static final int COPY_FROM = 64;
    /** Columns that are copied at a time. */
    private static final int COLUMNS = 96;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /** Memory of one thread: grows, never shrinks. */
    private static final class Scratch {
        private final float[][] arrays = new float[8][0];

        /** At least {@code size} floats and a line, whose first is to be used from its boundary on. */
        float[] get(int slot, int size) {
            if (arrays[slot].length < size + Lines.FLOATS) {
                arrays[slot] = new float[size + Lines.FLOATS];
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

    /** Floats between rows of a strip. */
    private static int ld(int t) {
        return t >= SHORTEST_COPY && t <= LONGEST_COPY ? TilesTwoCopied.ROW : Panels.padded(t) + L;
    }

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public void forwardFrom(
            int from, int t, int h, int hv, float scale, float[] q, int qOffset, float[] k, int kOffset, float[] v,
            int vOffset, float[] out, int outOffset, int outRow, float[] lse, int lseOffset) {
        Scratch scratch = SCRATCH.get();
        float[] tile = GemmBlock.scratch().tile;
        float[] keys = scratch.get(KEYS_TURNED, h * Panels.padded(t));
        int keysAt = packTurned(t, h, k, kOffset, keys);
        float[] values = scratch.get(VALUES, t * Panels.padded(hv));
        int valuesAt = packRows(t, hv, v, vOffset, hv, values);
        int rows = stripRows(t);
        int ld = ld(t);
        float[] s = scratch.get(SCORES, rows * ld);
        int sAt = Lines.toBoundary(s);
        float[] scales = scratch.get(STRIP_SUMS, rows);
        for (int i = from; i < t; i += rows) {
            int m = Math.min(rows, t - i);
            int row = i - from;
            int to = outOffset + row * outRow;
            scores(m, i, t, h, q, qOffset + row * h, h, keys, keysAt, s, sAt, ld, tile);
            if (ColdStart.takes(EXP_WORK * m * (i + m))) {
                ScalarSoftmax.rows(m, i, scale, s, sAt, ld, scales, lse, lseOffset + row);
            } else {
                softmaxRows(m, i, scale, s, sAt, ld, scales, lse, lseOffset + row);
            }
            sums(m, i, t, s, sAt, ld, values, valuesAt, hv, out, to, outRow, tile);
            scaleRows(m, hv, scales, out, to, outRow);
        }
    }

    @Override
    public void backward(
            int t, int h, int hv, float scale, float[] q, int qOffset, float[] k, int kOffset, float[] v, int vOffset,
            float[] out, float[] dOut, int outOffset, int dOutOffset, int outRow, float[] lse, int lseOffset,
            float[] dq, int dqOffset, float[] dk, int dkOffset, float[] dv, int dvOffset) {
        Scratch scratch = SCRATCH.get();
        float[] tile = GemmBlock.scratch().tile;
        float[] keysTurned = scratch.get(KEYS_TURNED, h * Panels.padded(t));
        int keysTurnedAt = packTurned(t, h, k, kOffset, keysTurned);
        float[] valuesTurned = scratch.get(VALUES_TURNED, hv * Panels.padded(t));
        int valuesTurnedAt = packTurned(t, hv, v, vOffset, valuesTurned);
        float[] keys = scratch.get(KEYS, t * Panels.padded(h));
        int keysAt = packRows(t, h, k, kOffset, h, keys);
        int rows = stripRows(t);
        int ld = ld(t);
        float[] p = scratch.get(SCORES, rows * ld);
        int pAt = Lines.toBoundary(p);
        float[] ds = scratch.get(SCORE_GRADIENTS, rows * ld);
        int dsAt = Lines.toBoundary(ds);
        float[] right = scratch.get(STRIP_RIGHT, rows * Math.max(Panels.padded(h), Panels.padded(hv)));
        for (int i = 0; i < t; i += rows) {
            int m = Math.min(rows, t - i);
            int at = dOutOffset + i * outRow;
            scores(m, i, t, h, q, qOffset + i * h, h, keysTurned, keysTurnedAt, p, pAt, ld, tile);
            scores(m, i, t, hv, dOut, at, outRow, valuesTurned, valuesTurnedAt, ds, dsAt, ld, tile);
            if (out == null) {
                gradientRowsAlone(m, i, scale, lse, lseOffset + i, p, pAt, ds, dsAt, ld);
            } else {
                gradientRows(m, i, hv, scale, out, outOffset + i * outRow, dOut, at, outRow, lse, lseOffset + i, p,
                        pAt, ds, dsAt, ld);
            }
            sums(m, i, t, ds, dsAt, ld, keys, keysAt, h, dq, dqOffset + i * h, h, tile);
            int rightAt = packRows(m, h, q, qOffset + i * h, h, right);
            addTurned(m, i, ds, dsAt, ld, right, rightAt, h, dk, dkOffset, tile);
            rightAt = packRows(m, hv, dOut, at, outRow, right);
            addTurned(m, i, p, pAt, ld, right, rightAt, hv, dv, dvOffset, tile);
        }
    }

    /** Panels of {@code X^T}, where X has t rows of {@code width}: the right operand of scores. Returns their start. */
    private static int packTurned(int t, int width, float[] x, int offset, float[] to) {
        int at = Lines.toBoundary(to);
        for (int panel = 0; panel < Panels.count(t); panel++) {
            Panels.pack(panel, t, width, x, offset, 1, width, to, at + Panels.column(panel, t) * width);
        }
        return at;
    }

    /** Panels of X, which has t rows of {@code width}, {@code row} apart. Returns their start. */
    private static int packRows(int t, int width, float[] x, int offset, int row, float[] to) {
        int at = Lines.toBoundary(to);
        for (int panel = 0; panel < Panels.count(width); panel++) {
            Panels.pack(panel, width, t, x, offset, row, 1, to, at + Panels.column(panel, width) * t);
        }
        return at;
    }

    /**
     * {@code s = X Y^T} for m rows of X, the first of them row i, against the t rows of Y: panel by panel, each from
     * the tile of rows in which its first column meets the diagonal.
     */
    private static void scores(
            int m, int i, int t, int width, float[] x, int offset, int row, float[] turned, int turnedAt, float[] s,
            int sAt, int ld, float[] tile) {
        int padded = Panels.padded(t);
        float[] left = x;
        int leftAt = offset;
        int leftRow = row;
        if (Panels.NARROW && t > COPY_FROM && width <= GemmBlock.DEPTH) {
            left = GemmBlock.scratch().a(m * TilesTwoCopied.ROW);
            TilesTwoCopied.copyRows(m, width, x, offset, row, left, 0);
            leftAt = 0;
            leftRow = TilesTwoCopied.ROW;
        }
        for (int panel = 0; panel < Panels.count(t) && Panels.column(panel, t) < i + m; panel++) {
            int column = Panels.column(panel, t);
            int first = Math.max(0, column - i) / GemmBlock.ROWS * GemmBlock.ROWS;
            GemmBlock.panel(m - first, width, left, leftAt + first * leftRow, leftRow, 1, turned,
                    turnedAt + column * width, Panels.width(panel, t), panel, padded, null, 0, 0f, s,
                    sAt + first * ld, ld, tile);
        }
    }

    /**
     * {@code y = W X} for m rows of W, the first of them row i, and the t packed rows of X: tile by tile, each up to
     * the diagonal of its last row.
     */
    private static void sums(
            int m, int i, int t, float[] w, int wAt, int ld, float[] x, int xAt, int width, float[] y, int offset,
            int row, float[] tile) {
        for (int panel = 0; panel < Panels.count(width); panel++) {
            for (int r = 0; r < m; r += GemmBlock.ROWS) {
                int rows = Math.min(GemmBlock.ROWS, m - r);
                GemmBlock.panel(rows, i + r + rows, w, wAt + r * ld, ld, 1, x,
                        xAt + Panels.column(panel, width) * t, Panels.width(panel, width), panel, width, null, 0, 0f,
                        y, offset + r * row, row, tile);
            }
        }
    }

    /**
     * {@code dx += W^T Y}, where W is a strip of m rows, the first of them row i, and Y its m packed rows of
     * {@code width}. The strip's own m rows of dx are reached for the first time and overwritten, tile by tile, each
     * from the diagonal of its first row on.
     */
    private static void addTurned(
            int m, int i, float[] w, int wAt, int ld, float[] y, int yAt, int width, float[] dx, int offset,
            float[] tile) {
        for (int c = 0; c < i && Panels.NARROW; c += COLUMNS) {
            int n = Math.min(COLUMNS, i - c);
            float[] tiles = GemmBlock.scratch().a(TilePacking.tiles(m, n));
            TilePacking.pack(m, n, w, wAt + c, ld, tiles);
            for (int panel = 0; panel < Panels.count(width); panel++) {
                GemmBlock.panel(n, m, tiles, 0, 1, GemmBlock.ROWS, TilePacking.tile(m), y,
                        yAt + Panels.column(panel, width) * m, Panels.width(panel, width), panel, width, null, 0, 1f,
                        dx, offset + c * width, width, tile);
            }
        }
        for (int panel = 0; panel < Panels.count(width); panel++) {
            int from = yAt + Panels.column(panel, width) * m;
            int step = Panels.width(panel, width);
            if (i > 0 && !Panels.NARROW) {
                GemmBlock.panel(i, m, w, wAt, 1, ld, y, from, step, panel, width, null, 0, 1f, dx, offset, width,
                        tile);
            }
            for (int r = 0; r < m; r += GemmBlock.ROWS) {
                GemmBlock.panel(Math.min(GemmBlock.ROWS, m - r), m - r, w, wAt + r * ld + i + r, 1, ld, y,
                        from + r * step, step, panel, width, null, 0, 0f, dx, offset + (i + r) * width, width, tile);
            }
        }
    }

    /** The column that ends what {@link #sums} and {@link #addTurned} read of row r of m. */
    static int tileEnd(int r, int m) {
        return Math.min(m, (r / GemmBlock.ROWS + 1) * GemmBlock.ROWS);
    }

    // softmaxRows and gradientRows are each one method of more than 325 bytecodes, which C2 compiles alone, and has
    // one exponential, which is a third of C2's budget of nodes. When the budget ends, C2 calls what is left instead
    // of inlining it, and a vector that passes such a call is allocated: seen with smaller methods inlined into
    // forward, and with a second exponential here.

    /**
     * Row r of m has the scores of keys 0 to i + r. They become exponentials of their distance from the largest, with
     * zeros up to the last key of the row's tile; {@code scales} takes what makes them sum to 1.
     */
    private static void softmaxRows(
            int m, int i, float scale, float[] s, int sAt, int ld, float[] scales, float[] lse, int lseAt) {
        FloatVector factor = FloatVector.broadcast(S, scale);
        for (int r = 0; r < m; r++) {
            int at = sAt + r * ld;
            int last = at + (i + r) / L * L;
            int end = at + i + tileEnd(r, m);
            VectorMask<Float> outside = LANE.compare(VectorOperators.GT, (float) ((i + r) % L));
            FloatVector max = fromArray(S, s, last).blend(Float.NEGATIVE_INFINITY, outside);
            FloatVector max2 = max;
            max.intoArray(s, last);
            int j = at;
            // Compared and blended: max() of vectors takes care of NaN and of signs of zero, at three times the price.
            for (; j < last; j += 2 * L) {
                FloatVector x = fromArray(S, s, j);
                FloatVector x2 = fromArray(S, s, j + L);
                max = max.blend(x, x.compare(VectorOperators.GT, max));
                max2 = max2.blend(x2, x2.compare(VectorOperators.GT, max2));
            }
            float top = scale * max.max(max2).reduceLanes(VectorOperators.MAX);
            FloatVector shift = FloatVector.broadcast(S, -top);
            FloatVector sum = FloatVector.zero(S);
            for (j = at; j <= last; j += L) {
                FloatVector p = VectorMath.expOfLow(fromArray(S, s, j).fma(factor, shift));
                p.intoArray(s, j);
                sum = sum.add(p);
            }
            for (; j < end; j += L) {
                FloatVector.zero(S).intoArray(s, j);
            }
            float total = VectorMath.sum(sum);
            lse[lseAt + r] = (float) (top + Math.log(total));
            scales[r] = 1f / total;
        }
    }

    /**
     * D of each row, then probabilities from scores and, in place of the gradients of the probabilities, those of the
     * scores; 0 right of the diagonal.
     */
    private static void gradientRows(
            int m, int i, int hv, float scale, float[] out, int outAt, float[] dOut, int dOutAt, int outRow,
            float[] lse, int lseAt, float[] p, int pAt, float[] ds, int dsAt, int ld) {
        FloatVector factor = FloatVector.broadcast(S, scale);
        int fromP = dsAt - pAt;
        for (int r = 0; r < m; r++) {
            int at = pAt + r * ld;
            int last = at + (i + r) / L * L;
            int end = at + i + tileEnd(r, m);
            FloatVector shift = FloatVector.broadcast(S, -lse[lseAt + r]);
            FloatVector sum = FloatVector.zero(S);
            int d = 0;
            for (; d <= hv - L; d += L) {
                sum = fromArray(S, out, outAt + r * outRow + d).fma(fromArray(S, dOut, dOutAt + r * outRow + d), sum);
            }
            float delta = VectorMath.sum(sum);
            for (; d < hv; d++) {
                delta = Math.fma(out[outAt + r * outRow + d], dOut[dOutAt + r * outRow + d], delta);
            }
            int j = at;
            for (; j <= last; j += L) {
                FloatVector prob = VectorMath.expOfLow(fromArray(S, p, j).fma(factor, shift));
                FloatVector grad = fromArray(S, ds, fromP + j).sub(delta).mul(prob.mul(factor));
                prob.intoArray(p, j);
                grad.intoArray(ds, fromP + j);
            }
            VectorMask<Float> outside = LANE.compare(VectorOperators.GT, (float) ((i + r) % L));
            fromArray(S, p, last).blend(0f, outside).intoArray(p, last);
            fromArray(S, ds, fromP + last).blend(0f, outside).intoArray(ds, fromP + last);
            for (; j < end; j += L) {
                FloatVector.zero(S).intoArray(p, j);
                FloatVector.zero(S).intoArray(ds, fromP + j);
            }
        }
    }

    /** As {@link #gradientRows}, with D from the probabilities and their gradients: a pass more over the row. */
    private static void gradientRowsAlone(
            int m, int i, float scale, float[] lse, int lseAt, float[] p, int pAt, float[] ds, int dsAt, int ld) {
        FloatVector factor = FloatVector.broadcast(S, scale);
        int fromP = dsAt - pAt;
        for (int r = 0; r < m; r++) {
            int at = pAt + r * ld;
            int last = at + (i + r) / L * L;
            int end = at + i + tileEnd(r, m);
            FloatVector shift = FloatVector.broadcast(S, -lse[lseAt + r]);
            for (int j = at; j <= last; j += L) {
                VectorMath.expOfLow(fromArray(S, p, j).fma(factor, shift)).intoArray(p, j);
            }
            VectorMask<Float> outside = LANE.compare(VectorOperators.GT, (float) ((i + r) % L));
            fromArray(S, p, last).blend(0f, outside).intoArray(p, last);
            fromArray(S, ds, fromP + last).blend(0f, outside).intoArray(ds, fromP + last);
            FloatVector sum = FloatVector.zero(S);
            for (int j = at; j <= last; j += L) {
                sum = fromArray(S, p, j).fma(fromArray(S, ds, fromP + j), sum);
            }
            float delta = VectorMath.sum(sum);
            int j = at;
            for (; j <= last; j += L) {
                FloatVector grad = fromArray(S, ds, fromP + j).sub(delta).mul(fromArray(S, p, j).mul(factor));
                grad.intoArray(ds, fromP + j);
            }
            for (; j < end; j += L) {
                FloatVector.zero(S).intoArray(p, j);
                FloatVector.zero(S).intoArray(ds, fromP + j);
            }
        }
    }

    private static void scaleRows(int m, int n, float[] factors, float[] x, int offset, int row) {
        boolean cold = ColdStart.takes((long) m * n);
        for (int r = 0; r < m; r++) {
            int at = offset + r * row;
            int j = 0;
            for (int whole = cold ? 0 : S.loopBound(n); j < whole; j += L) {
                fromArray(S, x, at + j).mul(factors[r]).intoArray(x, at + j);
            }
            for (; j < n; j++) {
                x[at + j] *= factors[r];
            }
        }
    }

    // spotless:on
}
