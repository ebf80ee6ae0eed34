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
 * (sequence, head), which lays out its own queries, keys and values as contiguous rows in memory of its thread, once
 * more for the backward pass: they stay in a core's cache, and the inputs are less to keep. The gradient of the key
 * part that all heads share is summed over heads in order.
 *
 * @param heads N
 * @param nope width of a head without position
 * @param v width of a value
 * @param rope rotation of the {@code dim} last columns of a head
 * @param scale factor of the scores
 * @param length T
 * @param keepsOut whether the output is there for the backward pass: where operands of products are rounded, the
 * product that reads it keeps it in few bits, and backward does without
 */
record MlaAttention(int heads, int nope, int v, Rope rope, float scale, int length, boolean keepsOut)
        implements Op {
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
        boolean keepsOut = w.wo().prepared().rounding() == null;
        return Tape.apply(
                new MlaAttention(n, c.qkNopeHeadDim(), c.vHeadDim(), w.rope(), w.softmaxScale(), length, keepsOut),
                q,
                kv,
                kRope);
    }

    /** Queries, keys and values of one head of one sequence, rotated, and their gradients: a thread's, grows. */
    private static final class Head {
        private static final ThreadLocal<Head> OF_THREAD = ThreadLocal.withInitial(Head::new);

        private float[] q = {};
        private float[] k = {};
        private float[] val = {};
        private float[] dq = {};
        private float[] dk = {};
        private float[] dv = {};

        static Head of(int length, int h, int v) {
            Head head = OF_THREAD.get();
            head.q = atLeast(length * h, head.q);
            head.k = atLeast(length * h, head.k);
            head.val = atLeast(length * v, head.val);
            return head;
        }

        Head withGradients() {
            dq = atLeast(q.length, dq);
            dk = atLeast(k.length, dk);
            dv = atLeast(val.length, dv);
            return this;
        }

        private static float[] atLeast(int size, float[] array) {
            return array.length < size ? new float[size] : array;
        }
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        int rows = in[0].dim(0);
        int h = nope + in[2].dim(1);
        Tensor out = ctx.empty(rows, heads * v);
        Tensor lse = ctx.empty(Shape.of(heads * rows));
        Rope.Tables tables = rope.tables(length);
        Parallel.run(rows / length * heads, task -> {
            Head head = Head.of(length, h, v);
            layOut(tables, in[0], in[1], in[2], task, head);
            attention(head, h, task, out, lse);
        });
        ctx.save(lse);
        if (!keepsOut) {
            ctx.dropOutput();
        }
        return out;
    }

    private void attention(Head head, int h, int task, Tensor out, Tensor lse) {
        ATTENTION.forward(
                length,
                h,
                v,
                scale,
                head.q,
                0,
                head.k,
                0,
                head.val,
                0,
                out.array(),
                outAt(out, task),
                heads * v,
                lse.array(),
                lse.offset() + task * length);
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        int rows = dOut.dim(0);
        Tensor q = ctx.input(0);
        Tensor kv = ctx.input(1);
        Tensor kRope = ctx.input(2);
        int ropeDim = kRope.dim(1);
        Tensor dQ = ctx.empty(q.shape());
        Tensor dKv = ctx.empty(kv.shape());
        Tensor dKRope = ctx.empty(kRope.shape());
        Tensor ofHeads = ctx.empty(heads * rows, ropeDim);
        Rope.Tables tables = rope.tables(length);
        Parallel.run(rows / length * heads, task -> {
            Head head = Head.of(length, nope + ropeDim, v).withGradients();
            layOut(tables, q, kv, kRope, task, head);
            attentionBackward(ctx, head, nope + ropeDim, dOut, task);
            gatherQuery(tables, head.dq, task, dQ);
            gatherKeyValue(head, task, dKv, ofHeads);
        });
        Parallel.range(rows, SUM_GRAIN, (from, to) -> {
            for (int row = from; row < to; row++) {
                sumKRope(tables, ofHeads, row, dKRope);
            }
        });
        return new Tensor[] {dQ, dKv, dKRope};
    }

    private void attentionBackward(Ctx ctx, Head head, int h, Tensor dOut, int task) {
        Tensor lse = ctx.saved(0);
        Tensor out = ctx.output();
        ATTENTION.backward(
                length,
                h,
                v,
                scale,
                head.q,
                0,
                head.k,
                0,
                head.val,
                0,
                keepsOut ? out.array() : null,
                dOut.array(),
                keepsOut ? outAt(out, task) : 0,
                outAt(dOut, task),
                heads * v,
                lse.array(),
                lse.offset() + task * length,
                head.dq,
                0,
                head.dk,
                0,
                head.dv,
                0);
    }

    /** Index of a head's output at the first position of its sequence. */
    private int outAt(Tensor t, int task) {
        return t.offset() + (task / heads * length * heads + task % heads) * v;
    }

    /** Index of a task's part, {@code width} wide, of the row of position t in a tensor of B*T rows. */
    private int at(Tensor x, int task, int t, int width) {
        return x.offset() + ((task / heads * length + t) * heads + task % heads) * width;
    }

    // ---- layout: a head's columns of (B*T, N*H) to (T, H), rotating on the way

    private void layOut(Rope.Tables tables, Tensor q, Tensor kv, Tensor kRope, int task, Head to) {
        int ropeDim = kRope.dim(1);
        int h = nope + ropeDim;
        int keyAt = kRope.offset() + task / heads * length * ropeDim;
        for (int t = 0; t < length; t++) {
            int from = at(q, task, t, h);
            System.arraycopy(q.array(), from, to.q, t * h, nope);
            tables.rotate(t, q.array(), from + nope, to.q, t * h + nope);
            from = at(kv, task, t, nope + v);
            System.arraycopy(kv.array(), from, to.k, t * h, nope);
            tables.rotate(t, kRope.array(), keyAt + t * ropeDim, to.k, t * h + nope);
            System.arraycopy(kv.array(), from + nope, to.val, t * v, v);
        }
    }

    // ---- the way back

    private void gatherQuery(Rope.Tables tables, float[] dq, int task, Tensor to) {
        int h = to.dim(1) / heads;
        for (int t = 0; t < length; t++) {
            int toAt = at(to, task, t, h);
            System.arraycopy(dq, t * h, to.array(), toAt, nope);
            tables.rotateTransposed(t, dq, t * h + nope, to.array(), toAt + nope);
        }
    }

    private void gatherKeyValue(Head from, int task, Tensor dKv, Tensor ofHeads) {
        int ropeDim = ofHeads.dim(1);
        int h = nope + ropeDim;
        for (int t = 0; t < length; t++) {
            int toAt = at(dKv, task, t, nope + v);
            System.arraycopy(from.dk, t * h, dKv.array(), toAt, nope);
            System.arraycopy(from.dv, t * v, dKv.array(), toAt + nope, v);
            System.arraycopy(from.dk, t * h + nope, ofHeads.array(), at(ofHeads, task, t, ropeDim), ropeDim);
        }
    }

    /**
     * The heads' gradients, side by side, are summed first, in order, and rotated back once: the rotation is linear.
     */
    private void sumKRope(Rope.Tables tables, Tensor ofHeads, int row, Tensor to) {
        int ropeDim = to.dim(1);
        int yAt = to.offset() + row * ropeDim;
        float[] y = to.array();
        float[] d = ofHeads.array();
        Arrays.fill(y, yAt, yAt + ropeDim, 0f);
        for (int head = 0; head < heads; head++) {
            int at = ofHeads.offset() + (row * heads + head) * ropeDim;
            for (int i = 0; i < ropeDim; i++) {
                y[yAt + i] += d[at + i];
            }
        }
        tables.rotateTransposed(row % length, y, yAt, y, yAt);
    }

    private static void check(String name, Tensor x, int rows, int cols) {
        if (!x.shape().equals(Shape.of(rows, cols))) {
            throw new IllegalArgumentException("mla attention: " + name + " has shape " + x.shape() + "; need (" + rows
                    + ", " + cols + "), rows = batch * length");
        }
    }
}
