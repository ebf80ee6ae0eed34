package dev.eva.tensor.kernel.vector;

import static dev.eva.tensor.kernel.vector.VectorMath.LANES;
import static dev.eva.tensor.kernel.vector.VectorMath.SPECIES;

import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Normalization;
import jdk.incubator.vector.FloatVector;

/** Rows in vectors; sums over a row in two accumulators, so that additions do not wait for each other. */
final class VectorNormalization implements Normalization {
    @Override
    public void rmsNorm(
            int rows,
            int d,
            float eps,
            float[] x,
            int xOffset,
            float[] weight,
            int weightOffset,
            float[] out,
            int outOffset,
            float[] rstd,
            int rstdOffset) {
        for (int row = 0; row < rows; row++) {
            int at = xOffset + row * d;
            float r = (float) (1 / Math.sqrt((double) sumOfSquares(d, x, at) / d + eps));
            rstd[rstdOffset + row] = r;
            scaleRow(d, r, x, at, weight, weightOffset, out, outOffset + row * d);
        }
    }

    private static float sumOfSquares(int d, float[] x, int at) {
        if (ColdStart.takes(d)) {
            return scalarSumOfSquares(d, x, at);
        }
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= d - 2 * LANES; i += 2 * LANES) {
            FloatVector a = FloatVector.fromArray(SPECIES, x, at + i);
            FloatVector b = FloatVector.fromArray(SPECIES, x, at + i + LANES);
            s0 = a.fma(a, s0);
            s1 = b.fma(b, s1);
        }
        float sum = VectorMath.sum(s0.add(s1));
        for (; i < d; i++) {
            sum = Math.fma(x[at + i], x[at + i], sum);
        }
        return sum;
    }

    /** By plain loops, to the same bits. */
    private static float scalarSumOfSquares(int d, float[] x, int at) {
        float[] lanes = new float[2 * LANES];
        int whole = d / (2 * LANES) * 2 * LANES;
        for (int i = 0; i < whole; i++) {
            int lane = i % (2 * LANES);
            lanes[lane] = Math.fma(x[at + i], x[at + i], lanes[lane]);
        }
        for (int lane = 0; lane < LANES; lane++) {
            lanes[lane] += lanes[lane + LANES];
        }
        float sum = VectorMath.sum(lanes);
        for (int i = whole; i < d; i++) {
            sum = Math.fma(x[at + i], x[at + i], sum);
        }
        return sum;
    }

    private static void scaleRow(
            int d, float r, float[] x, int at, float[] weight, int weightOffset, float[] out, int outAt) {
        int i = 0;
        int whole = ColdStart.takes(d) ? 0 : SPECIES.loopBound(d);
        for (; i < whole; i += LANES) {
            FloatVector w = FloatVector.fromArray(SPECIES, weight, weightOffset + i);
            FloatVector.fromArray(SPECIES, x, at + i).mul(r).mul(w).intoArray(out, outAt + i);
        }
        for (; i < d; i++) {
            out[outAt + i] = x[at + i] * r * weight[weightOffset + i];
        }
    }

    @Override
    public void rmsNormBackward(
            int rows,
            int d,
            float[] x,
            int xOffset,
            float[] weight,
            int weightOffset,
            float[] rstd,
            int rstdOffset,
            float[] dOut,
            int dOutOffset,
            float[] dX,
            int dXOffset,
            float[] dWeight,
            int dWeightOffset) {
        for (int row = 0; row < rows; row++) {
            int at = xOffset + row * d;
            int dAt = dOutOffset + row * d;
            float r = rstd[rstdOffset + row];
            float c = (float) ((double) dot(d, x, at, weight, weightOffset, dOut, dAt) * r * r / d);
            backwardRow(
                    d, r, c, x, at, weight, weightOffset, dOut, dAt, dX, dXOffset + row * d, dWeight, dWeightOffset);
        }
    }

    private static float dot(int d, float[] x, int at, float[] weight, int weightOffset, float[] dOut, int dAt) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        int i = 0;
        for (; i <= d - 2 * LANES; i += 2 * LANES) {
            FloatVector w0 = FloatVector.fromArray(SPECIES, weight, weightOffset + i);
            FloatVector w1 = FloatVector.fromArray(SPECIES, weight, weightOffset + i + LANES);
            FloatVector g0 = FloatVector.fromArray(SPECIES, dOut, dAt + i).mul(w0);
            FloatVector g1 =
                    FloatVector.fromArray(SPECIES, dOut, dAt + i + LANES).mul(w1);
            s0 = FloatVector.fromArray(SPECIES, x, at + i).fma(g0, s0);
            s1 = FloatVector.fromArray(SPECIES, x, at + i + LANES).fma(g1, s1);
        }
        float sum = VectorMath.sum(s0.add(s1));
        for (; i < d; i++) {
            sum = Math.fma(x[at + i], dOut[dAt + i] * weight[weightOffset + i], sum);
        }
        return sum;
    }

    private static void backwardRow(
            int d,
            float r,
            float c,
            float[] x,
            int at,
            float[] weight,
            int weightOffset,
            float[] dOut,
            int dAt,
            float[] dX,
            int dXAt,
            float[] dWeight,
            int dWeightOffset) {
        int i = 0;
        for (int end = SPECIES.loopBound(d); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, at + i);
            FloatVector dy = FloatVector.fromArray(SPECIES, dOut, dAt + i);
            FloatVector w = FloatVector.fromArray(SPECIES, weight, weightOffset + i);
            FloatVector dw = FloatVector.fromArray(SPECIES, dWeight, dWeightOffset + i);
            dy.fma(v.mul(r), dw).intoArray(dWeight, dWeightOffset + i);
            w.mul(dy).sub(v.mul(c)).mul(r).intoArray(dX, dXAt + i);
        }
        for (; i < d; i++) {
            float v = x[at + i];
            float dy = dOut[dAt + i];
            dWeight[dWeightOffset + i] = Math.fma(dy, v * r, dWeight[dWeightOffset + i]);
            dX[dXAt + i] = (weight[weightOffset + i] * dy - v * c) * r;
        }
    }
}
