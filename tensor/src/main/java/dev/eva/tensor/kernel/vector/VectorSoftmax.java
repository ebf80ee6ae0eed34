package dev.eva.tensor.kernel.vector;

import static dev.eva.tensor.kernel.vector.VectorMath.LANES;
import static dev.eva.tensor.kernel.vector.VectorMath.SPECIES;

import dev.eva.tensor.kernel.SoftmaxKernel;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Rows in vectors, in passes over a row that is still in the cache: maximum, exponentials with their sum, scaling. */
final class VectorSoftmax implements SoftmaxKernel {
    @Override
    public void softmax(int rows, int n, float[] x, int xOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            int outAt = outOffset + r * n;
            float max = max(n, x, xOffset + r * n);
            float sum = expRow(n, max, x, xOffset + r * n, out, outAt);
            scaleRow(n, 1f / sum, out, outAt);
        }
    }

    /** NaN is passed over; it comes back from the exponentials. */
    private static float max(int n, float[] x, int at) {
        FloatVector m0 = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        int i = 0;
        for (; i <= n - 2 * LANES; i += 2 * LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, x, at + i);
            FloatVector b = FloatVector.fromArray(SPECIES, x, at + i + LANES);
            m0 = m0.blend(a, a.compare(VectorOperators.GT, m0));
            m1 = m1.blend(b, b.compare(VectorOperators.GT, m1));
        }
        float max = m0.max(m1).reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            max = x[at + i] > max ? x[at + i] : max;
        }
        return max;
    }

    /** {@code out = exp(x - max)}, and the sum of that. */
    private static float expRow(int n, float max, float[] x, int at, float[] out, int outAt) {
        FloatVector s = FloatVector.zero(SPECIES);
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector e =
                    VectorMath.exp(FloatVector.fromArray(SPECIES, x, at + i).sub(max));
            e.intoArray(out, outAt + i);
            s = s.add(e);
        }
        float sum = VectorMath.sum(s);
        for (; i < n; i++) {
            float e = VectorMath.exp(x[at + i] - max);
            out[outAt + i] = e;
            sum += e;
        }
        return sum;
    }

    private static void scaleRow(int n, float factor, float[] out, int outAt) {
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector.fromArray(SPECIES, out, outAt + i).mul(factor).intoArray(out, outAt + i);
        }
        for (; i < n; i++) {
            out[outAt + i] *= factor;
        }
    }

    @Override
    public void softmaxBackward(
            int rows, int n, float[] p, int pOffset, float[] dOut, int dOutOffset, float[] dX, int dXOffset) {
        for (int r = 0; r < rows; r++) {
            backwardRow(n, p, pOffset + r * n, dOut, dOutOffset + r * n, dX, dXOffset + r * n);
        }
    }

    private static void backwardRow(int n, float[] p, int at, float[] dOut, int dAt, float[] dX, int dXAt) {
        FloatVector s = FloatVector.zero(SPECIES);
        int end = SPECIES.loopBound(n);
        int i = 0;
        for (; i < end; i += LANES) {
            FloatVector d = FloatVector.fromArray(SPECIES, dOut, dAt + i);
            s = FloatVector.fromArray(SPECIES, p, at + i).fma(d, s);
        }
        float dot = VectorMath.sum(s);
        for (; i < n; i++) {
            dot = Math.fma(p[at + i], dOut[dAt + i], dot);
        }
        for (i = 0; i < end; i += LANES) {
            FloatVector d = FloatVector.fromArray(SPECIES, dOut, dAt + i);
            d.sub(dot).mul(FloatVector.fromArray(SPECIES, p, at + i)).intoArray(dX, dXAt + i);
        }
        for (; i < n; i++) {
            dX[dXAt + i] = (dOut[dAt + i] - dot) * p[at + i];
        }
    }

    @Override
    public void crossEntropy(
            int rows,
            int v,
            float[] logits,
            int logitsOffset,
            int[] targets,
            int targetsOffset,
            float[] losses,
            int lossesOffset,
            float[] lse,
            int lseOffset) {
        for (int r = 0; r < rows; r++) {
            int target = targets[targetsOffset + r];
            if (target < 0) {
                losses[lossesOffset + r] = 0f;
                lse[lseOffset + r] = 0f;
                continue;
            }
            int at = logitsOffset + r * v;
            float max = max(v, logits, at);
            double logSum = Math.log(sumExp(v, max, logits, at));
            losses[lossesOffset + r] = (float) (logSum + ((double) max - logits[at + target]));
            lse[lseOffset + r] = (float) (max + logSum);
        }
    }

    private static float sumExp(int n, float max, float[] x, int at) {
        FloatVector s = FloatVector.zero(SPECIES);
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            s = s.add(VectorMath.exp(FloatVector.fromArray(SPECIES, x, at + i).sub(max)));
        }
        float sum = VectorMath.sum(s);
        for (; i < n; i++) {
            sum += VectorMath.exp(x[at + i] - max);
        }
        return sum;
    }

    @Override
    public void crossEntropyBackward(
            int rows,
            int v,
            float scale,
            float[] logits,
            int logitsOffset,
            int[] targets,
            int targetsOffset,
            float[] lse,
            int lseOffset,
            float[] dLogits,
            int dLogitsOffset) {
        for (int r = 0; r < rows; r++) {
            int target = targets[targetsOffset + r];
            int dAt = dLogitsOffset + r * v;
            if (target < 0) {
                Arrays.fill(dLogits, dAt, dAt + v, 0f);
                continue;
            }
            scaledExpRow(v, scale, lse[lseOffset + r], logits, logitsOffset + r * v, dLogits, dAt);
            dLogits[dAt + target] -= scale;
        }
    }

    private static void scaledExpRow(int n, float scale, float lse, float[] x, int at, float[] out, int outAt) {
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            VectorMath.exp(FloatVector.fromArray(SPECIES, x, at + i).sub(lse))
                    .mul(scale)
                    .intoArray(out, outAt + i);
        }
        for (; i < n; i++) {
            out[outAt + i] = VectorMath.exp(x[at + i] - lse) * scale;
        }
    }
}
