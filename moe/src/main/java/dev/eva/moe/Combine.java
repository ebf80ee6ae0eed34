package dev.eva.moe;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/**
 * What the experts made of each token, weighted and summed: {@code out_t = sum_j w_tj y_slot(t, j)}, in the order of
 * the token's experts. Shapes: y (S, D), weights (T, K) -> (T, D).
 */
record Combine(SlotOrder order) implements Op {
    static Tensor combine(Tensor y, Tensor weights, SlotOrder order) {
        return Tape.apply(new Combine(order), y, weights);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor y = in[0];
        Tensor weights = in[1];
        int k = weights.dim(1);
        int d = y.dim(1);
        Tensor out = ctx.zeros(Shape.of(weights.dim(0), d));
        Parallel.rows(weights.dim(0), k * d, (from, to) -> {
            for (int pick = from * k; pick < to * k; pick++) {
                float w = weights.array()[weights.offset() + pick];
                int at = y.offset() + order.slotOfPick()[pick] * d;
                addScaled(d, w, y.array(), at, out.array(), out.offset() + pick / k * d);
            }
        });
        return out;
    }

    /** {@code dY_slot(t, j) = w_tj dOut_t}, {@code dW_tj = y_slot(t, j) . dOut_t}. */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor y = ctx.input(0);
        Tensor weights = ctx.input(1);
        int k = weights.dim(1);
        int d = y.dim(1);
        Tensor dY = ctx.empty(y.shape());
        Tensor dW = ctx.empty(weights.shape());
        Parallel.rows(weights.dim(0), k * d, (from, to) -> {
            for (int pick = from * k; pick < to * k; pick++) {
                int slot = order.slotOfPick()[pick];
                int at = dOut.offset() + pick / k * d;
                float w = weights.array()[weights.offset() + pick];
                scale(d, w, dOut.array(), at, dY.array(), dY.offset() + slot * d);
                dW.array()[dW.offset() + pick] = dot(d, y.array(), y.offset() + slot * d, dOut.array(), at);
            }
        });
        return new Tensor[] {dY, dW};
    }

    // Loops over contiguous rows that C2 turns into SIMD code by itself.

    private static void addScaled(int n, float w, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] += w * x[xOffset + i];
        }
    }

    private static void scale(int n, float w, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = w * x[xOffset + i];
        }
    }

    /** Four sums side by side, so that an addition need not wait for the one before. */
    private static float dot(int n, float[] a, int aOffset, float[] b, int bOffset) {
        float s0 = 0f;
        float s1 = 0f;
        float s2 = 0f;
        float s3 = 0f;
        int i = 0;
        for (; i + 4 <= n; i += 4) {
            s0 += a[aOffset + i] * b[bOffset + i];
            s1 += a[aOffset + i + 1] * b[bOffset + i + 1];
            s2 += a[aOffset + i + 2] * b[bOffset + i + 2];
            s3 += a[aOffset + i + 3] * b[bOffset + i + 3];
        }
        for (; i < n; i++) {
            s0 += a[aOffset + i] * b[bOffset + i];
        }
        return (s0 + s1) + (s2 + s3);
    }
}
