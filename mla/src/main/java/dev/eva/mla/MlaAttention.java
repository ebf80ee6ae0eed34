package dev.eva.mla;

import dev.eva.nn.Rope;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.Attention;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;

/**
 * Rotation, causal attention of all heads and sequences, in one op:
 * {@code s_ij = scale * (q_i^n . k_j^n + R_i q_i^r . R_j k_j^r)}, {@code o_i = sum_(j <= i) softmax(s_i)_j v_j}
 * (arXiv:2405.04434, equations 14 to 19).
 *
 * <p>Letters: B sequences, T positions, N heads, H = nope + rope, V width of a value. Work is cut in a task a
 * (sequence, head), which lays out its own queries, keys and values as contiguous rows; the gradient of the key part
 * that all heads share is summed over heads in order.
 *
 * @param heads N
 * @param nope width of a head without position
 * @param v width of a value
 * @param rope rotation of the {@code dim} last columns of a head
 * @param scale factor of the scores
 * @param length T
 */
record MlaAttention(int heads, int nope, int v, Rope rope, float scale, int length) implements Op {
    private static final Attention ATTENTION = Kernels.find(Attention.class, Attention.REFERENCE);
    /** Positions a task of the sum over heads. */
    private static final int SUM_GRAIN = 32;

    /**
     * @param q (B*T, N*(nope+rope)), not rotated
     * @param kv (B*T, N*(nope+v)): keys without position, then values, head by head
     * @param kRope (B*T, rope), not rotated, shared by all heads
     * @return (B*T, N*v)
     */
    static Tensor mlaAttention(Tensor q, Tensor kv, Tensor kRope, MlaWeights w, int batch, int length) {
        MlaConfig c = w.config();
        int n = c.numAttentionHeads();
        int rows = Math.multiplyExact(batch, length);
        check("q", q, rows, n * c.qkHeadDim());
        check("kv", kv, rows, n * (c.qkNopeHeadDim() + c.vHeadDim()));
        check("kRope", kRope, rows, c.qkRopeHeadDim());
        return Tape.apply(
                new MlaAttention(n, c.qkNopeHeadDim(), c.vHeadDim(), w.rope(), w.softmaxScale(), length), q, kv, kRope);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        int rows = in[0].dim(0);
        Tensor out = ctx.empty(rows, heads * v);
        Tensor lse = ctx.empty(Shape.of(heads * rows));
        LaidOut at = LaidOut.empty(ctx, this, rows, in[2].dim(1));
        Rope.Tables tables = rope.tables(length);
        Parallel.run(rows / length * heads, task -> {
            layOut(tables, in[0], in[1], in[2], task, at);
            attention(at, task, out, lse);
        });
        if (ctx.isRemade(0) && ctx.isRemade(1)) {
            ctx.save(lse);
        } else if (ctx.isRemade(1)) {
            ctx.dropInputs(0);
            ctx.save(lse, at.q);
        } else {
            ctx.dropInputs(0, 1, 2);
            ctx.save(lse, at.q, at.k, at.val);
        }
        return out;
    }

    private void attention(LaidOut at, int task, Tensor out, Tensor lse) {
        int h = at.q.dim(1);
        int hAt = task * length * h;
        ATTENTION.forward(
                length,
                h,
                v,
                scale,
                at.q.array(),
                at.q.offset() + hAt,
                at.k.array(),
                at.k.offset() + hAt,
                at.val.array(),
                at.val.offset() + task * length * v,
                out.array(),
                outAt(out, task),
                heads * v,
                lse.array(),
                lse.offset() + task * length);
    }

    /** Queries, keys and values of a (sequence, head) after the other, rotated. */
    private record LaidOut(Tensor q, Tensor k, Tensor val) {
        static LaidOut empty(Ctx ctx, MlaAttention op, int rows, int rope) {
            int n = op.heads * rows;
            int h = op.nope + rope;
            return new LaidOut(ctx.empty(n, h), ctx.empty(n, h), ctx.empty(n, op.v));
        }
    }

    /** As forward has kept it, or to be filled again from inputs that are made again. */
    private LaidOut keptOrEmpty(Ctx ctx, int rows) {
        if (ctx.savedCount() > 2) {
            return new LaidOut(ctx.saved(1), ctx.saved(2), ctx.saved(3));
        }
        int n = heads * rows;
        int h = nope + ctx.input(2).dim(1);
        return new LaidOut(ctx.savedCount() > 1 ? ctx.saved(1) : ctx.empty(n, h), ctx.empty(n, h), ctx.empty(n, v));
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        int rows = dOut.dim(0);
        int h = nope + ctx.input(2).dim(1);
        LaidOut at = keptOrEmpty(ctx, rows);
        Tensor[] in = {ctx.input(0), ctx.input(1), ctx.input(2)};
        Tensor dQ = ctx.empty(ctx.input(0).shape());
        Tensor dKv = ctx.empty(ctx.input(1).shape());
        Tensor dKRope = ctx.empty(ctx.input(2).shape());
        Tensor dq = ctx.empty(heads * rows, h);
        Tensor dk = ctx.empty(heads * rows, h);
        Tensor dv = ctx.empty(heads * rows, v);
        Rope.Tables tables = rope.tables(length);
        Parallel.run(rows / length * heads, task -> {
            if (ctx.savedCount() == 1) {
                layOut(tables, in[0], in[1], in[2], task, at);
            } else if (ctx.savedCount() == 2) {
                layOutKey(tables, in[1], in[2], task, at.k);
                layOutValue(in[1], task, at.val);
            }
            attentionBackward(ctx, at, dOut, task, dq, dk, dv);
            gatherQuery(tables, dq, task, dQ);
            gatherKeyValue(dk, dv, task, dKv);
        });
        Parallel.range(rows, SUM_GRAIN, (from, to) -> {
            for (int row = from; row < to; row++) {
                sumKRope(tables, dk, row, dKRope);
            }
        });
        return new Tensor[] {dQ, dKv, dKRope};
    }

    private void attentionBackward(Ctx ctx, LaidOut at, Tensor dOut, int task, Tensor dq, Tensor dk, Tensor dv) {
        Tensor q = at.q;
        Tensor k = at.k;
        Tensor val = at.val;
        Tensor lse = ctx.saved(0);
        Tensor out = ctx.output();
        int h = q.dim(1);
        int hAt = task * length * h;
        int vAt = task * length * v;
        ATTENTION.backward(
                length,
                h,
                v,
                scale,
                q.array(),
                q.offset() + hAt,
                k.array(),
                k.offset() + hAt,
                val.array(),
                val.offset() + vAt,
                out.array(),
                dOut.array(),
                outAt(out, task),
                outAt(dOut, task),
                heads * v,
                lse.array(),
                lse.offset() + task * length,
                dq.array(),
                dq.offset() + hAt,
                dk.array(),
                dk.offset() + hAt,
                dv.array(),
                dv.offset() + vAt);
    }

    /** Index of a head's output at the first position of its sequence. */
    private int outAt(Tensor t, int task) {
        return t.offset() + (task / heads * length * heads + task % heads) * v;
    }

    /** Index of a task's part, {@code width} wide, of the row of position t in a tensor of B*T rows. */
    private int at(Tensor x, int task, int t, int width) {
        return x.offset() + ((task / heads * length + t) * heads + task % heads) * width;
    }

    // ---- layout: (B*T, N*H) to (B, N, T, H), rotating on the way

    private void layOut(Rope.Tables tables, Tensor q, Tensor kv, Tensor kRope, int task, LaidOut to) {
        layOutQuery(tables, q, task, to.q);
        layOutKey(tables, kv, kRope, task, to.k);
        layOutValue(kv, task, to.val);
    }

    private void layOutQuery(Rope.Tables tables, Tensor q, int task, Tensor to) {
        int h = to.dim(1);
        float[] x = q.array();
        float[] y = to.array();
        for (int t = 0; t < length; t++) {
            int from = at(q, task, t, h);
            int yAt = to.offset() + (task * length + t) * h;
            System.arraycopy(x, from, y, yAt, nope);
            tables.rotate(t, x, from + nope, y, yAt + nope);
        }
    }

    private void layOutKey(Rope.Tables tables, Tensor kv, Tensor kRope, int task, Tensor to) {
        int ropeDim = kRope.dim(1);
        float[] y = to.array();
        for (int t = 0; t < length; t++) {
            int row = task / heads * length + t;
            int yAt = to.offset() + (task * length + t) * (nope + ropeDim);
            System.arraycopy(kv.array(), at(kv, task, t, nope + v), y, yAt, nope);
            tables.rotate(t, kRope.array(), kRope.offset() + row * ropeDim, y, yAt + nope);
        }
    }

    private void layOutValue(Tensor kv, int task, Tensor to) {
        for (int t = 0; t < length; t++) {
            int from = at(kv, task, t, nope + v) + nope;
            System.arraycopy(kv.array(), from, to.array(), to.offset() + (task * length + t) * v, v);
        }
    }

    // ---- the way back

    private void gatherQuery(Rope.Tables tables, Tensor from, int task, Tensor to) {
        int h = from.dim(1);
        float[] d = from.array();
        float[] y = to.array();
        for (int t = 0; t < length; t++) {
            int dAt = from.offset() + (task * length + t) * h;
            int yAt = at(to, task, t, h);
            System.arraycopy(d, dAt, y, yAt, nope);
            tables.rotateTransposed(t, d, dAt + nope, y, yAt + nope);
        }
    }

    private void gatherKeyValue(Tensor dk, Tensor dv, int task, Tensor to) {
        int h = dk.dim(1);
        float[] y = to.array();
        for (int t = 0; t < length; t++) {
            int row = task * length + t;
            int yAt = at(to, task, t, nope + v);
            System.arraycopy(dk.array(), dk.offset() + row * h, y, yAt, nope);
            System.arraycopy(dv.array(), dv.offset() + row * v, y, yAt + nope, v);
        }
    }

    /** The heads' gradients are summed first, in order, and rotated back once: the rotation is linear. */
    private void sumKRope(Rope.Tables tables, Tensor dk, int row, Tensor to) {
        int h = dk.dim(1);
        int ropeDim = h - nope;
        int yAt = to.offset() + row * ropeDim;
        float[] y = to.array();
        float[] d = dk.array();
        Arrays.fill(y, yAt, yAt + ropeDim, 0f);
        int b = row / length;
        int t = row % length;
        for (int head = 0; head < heads; head++) {
            int at = dk.offset() + ((b * heads + head) * length + t) * h + nope;
            for (int i = 0; i < ropeDim; i++) {
                y[yAt + i] += d[at + i];
            }
        }
        tables.rotateTransposed(t, y, yAt, y, yAt);
    }

    private static void check(String name, Tensor x, int rows, int cols) {
        if (!x.shape().equals(Shape.of(rows, cols))) {
            throw new IllegalArgumentException("mla attention: " + name + " has shape " + x.shape() + "; need (" + rows
                    + ", " + cols + "), rows = batch * length");
        }
    }
}
