package dev.eva.tensor.kernel.vector;

import static dev.eva.tensor.kernel.vector.VectorMath.LANES;
import static dev.eva.tensor.kernel.vector.VectorMath.SPECIES;

import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Elementwise;
import jdk.incubator.vector.FloatVector;

/**
 * Maps in vectors. The plain sums and products too: C2 leaves their scalar loops scalar, as outputs may be inputs (0.26
 * against
 * 0.06 ns an element in the cache, Zen 4).
 */
final class VectorElementwise implements Elementwise {
    /** Multiply-adds that an exponential costs, about. */
    private static final long EXP_WORK = 16;

    /** How many of n elements, each worth so many multiply-adds, are done in vectors: none in a cold process. */
    private static int inVectors(long work, int n) {
        return ColdStart.takes(work * n) ? 0 : SPECIES.loopBound(n);
    }

    @Override
    public void add(int n, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
        int i = 0;
        for (int end = inVectors(1, n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, a, aOffset + i);
            v.add(FloatVector.fromArray(SPECIES, b, bOffset + i)).intoArray(out, outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = a[aOffset + i] + b[bOffset + i];
        }
    }

    @Override
    public void addTo(int n, float[] x, int xOffset, float[] out, int outOffset) {
        add(n, x, xOffset, out, outOffset, out, outOffset);
    }

    @Override
    public void mul(int n, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, a, aOffset + i);
            v.mul(FloatVector.fromArray(SPECIES, b, bOffset + i)).intoArray(out, outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = a[aOffset + i] * b[bOffset + i];
        }
    }

    @Override
    public void scale(int n, float factor, float[] x, int xOffset, float[] out, int outOffset) {
        int i = 0;
        for (int end = inVectors(1, n); i < end; i += LANES) {
            FloatVector.fromArray(SPECIES, x, xOffset + i).mul(factor).intoArray(out, outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = factor * x[xOffset + i];
        }
    }

    @Override
    public void sigmoid(int n, float[] x, int xOffset, float[] out, int outOffset) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        int i = 0;
        for (int end = inVectors(EXP_WORK, n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + i);
            one.div(VectorMath.exp(v.neg()).add(1f)).intoArray(out, outOffset + i);
        }
        for (; i < n; i++) {
            out[outOffset + i] = sigmoid(x[xOffset + i]);
        }
    }

    @Override
    public void sigmoidBackward(int n, float[] y, int yOffset, float[] dOut, int dOutOffset, float[] dX, int dXOffset) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector s = FloatVector.fromArray(SPECIES, y, yOffset + i);
            FloatVector d = FloatVector.fromArray(SPECIES, dOut, dOutOffset + i);
            d.mul(s.mul(one.sub(s))).intoArray(dX, dXOffset + i);
        }
        for (; i < n; i++) {
            float s = y[yOffset + i];
            dX[dXOffset + i] = dOut[dOutOffset + i] * (s * (1f - s));
        }
    }

    @Override
    public void silu(int n, float[] x, int xOffset, float[] out, int outOffset) {
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + i);
            v.div(VectorMath.exp(v.neg()).add(1f)).intoArray(out, outOffset + i);
        }
        for (; i < n; i++) {
            float v = x[xOffset + i];
            out[outOffset + i] = v / (VectorMath.exp(-v) + 1f);
        }
    }

    @Override
    public void siluBackward(int n, float[] x, int xOffset, float[] dOut, int dOutOffset, float[] dX, int dXOffset) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        int i = 0;
        for (int end = SPECIES.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, x, xOffset + i);
            FloatVector d = FloatVector.fromArray(SPECIES, dOut, dOutOffset + i);
            FloatVector s = one.div(VectorMath.exp(v.neg()).add(1f));
            d.mul(s).mul(v.fma(one.sub(s), one)).intoArray(dX, dXOffset + i);
        }
        for (; i < n; i++) {
            float v = x[xOffset + i];
            float s = sigmoid(v);
            dX[dXOffset + i] = dOut[dOutOffset + i] * s * Math.fma(v, 1f - s, 1f);
        }
    }

    @Override
    public void swiGlu(int rows, int f, float[] gateUp, int gateUpOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            swiGluRow(f, gateUp, gateUpOffset + r * 2 * f, out, outOffset + r * f);
        }
    }

    private static void swiGluRow(int f, float[] gateUp, int gate, float[] out, int at) {
        int up = gate + f;
        int i = 0;
        int whole = inVectors(EXP_WORK, f);
        for (; i < whole; i += LANES) {
            FloatVector g = FloatVector.fromArray(SPECIES, gateUp, gate + i);
            FloatVector u = FloatVector.fromArray(SPECIES, gateUp, up + i);
            g.div(VectorMath.exp(g.neg()).add(1f)).mul(u).intoArray(out, at + i);
        }
        for (; i < f; i++) {
            float g = gateUp[gate + i];
            out[at + i] = g / (VectorMath.exp(-g) + 1f) * gateUp[up + i];
        }
    }

    @Override
    public void swiGluBackward(
            int rows,
            int f,
            float[] gateUp,
            int gateUpOffset,
            float[] dOut,
            int dOutOffset,
            float[] dGateUp,
            int dGateUpOffset) {
        for (int r = 0; r < rows; r++) {
            swiGluRowBackward(
                    f, gateUp, gateUpOffset + r * 2 * f, dOut, dOutOffset + r * f, dGateUp, dGateUpOffset + r * 2 * f);
        }
    }

    private static void swiGluRowBackward(
            int f, float[] gateUp, int gate, float[] dOut, int dAt, float[] dGateUp, int dGate) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        int i = 0;
        for (int end = SPECIES.loopBound(f); i < end; i += LANES) {
            FloatVector g = FloatVector.fromArray(SPECIES, gateUp, gate + i);
            FloatVector u = FloatVector.fromArray(SPECIES, gateUp, gate + f + i);
            FloatVector d = FloatVector.fromArray(SPECIES, dOut, dAt + i);
            FloatVector s = one.div(VectorMath.exp(g.neg()).add(1f));
            FloatVector ds = d.mul(s);
            ds.mul(g.fma(one.sub(s), one)).mul(u).intoArray(dGateUp, dGate + i);
            ds.mul(g).intoArray(dGateUp, dGate + f + i);
        }
        for (; i < f; i++) {
            float g = gateUp[gate + i];
            float s = sigmoid(g);
            float ds = dOut[dAt + i] * s;
            dGateUp[dGate + i] = ds * Math.fma(g, 1f - s, 1f) * gateUp[gate + f + i];
            dGateUp[dGate + f + i] = ds * g;
        }
    }

    @Override
    public float gatedSwiGluBackward(int f, float g, float[] gateUp, int gate, float[] u, int at) {
        FloatVector one = FloatVector.broadcast(SPECIES, 1f);
        FloatVector sum = FloatVector.zero(SPECIES);
        int i = 0;
        for (int end = SPECIES.loopBound(f); i < end; i += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, gateUp, gate + i);
            FloatVector up = FloatVector.fromArray(SPECIES, gateUp, gate + f + i);
            FloatVector s = one.div(VectorMath.exp(x.neg()).add(1f));
            FloatVector silu = x.mul(s);
            FloatVector act = silu.mul(up);
            FloatVector du = FloatVector.fromArray(SPECIES, u, at + i);
            FloatVector d = du.mul(g);
            sum = du.fma(act, sum);
            act.mul(g).intoArray(u, at + i);
            d.mul(s).mul(x.fma(one.sub(s), one)).mul(up).intoArray(gateUp, gate + i);
            d.mul(silu).intoArray(gateUp, gate + f + i);
        }
        // Through memory: with an exponential in this method C2 would call VectorMath.sum and allocate its argument.
        float[] lanes = GemmBlock.scratch().tile;
        sum.intoArray(lanes, 0);
        float dG = 0f;
        for (int lane = 0; lane < LANES; lane++) {
            dG += lanes[lane];
        }
        for (; i < f; i++) {
            float x = gateUp[gate + i];
            float up = gateUp[gate + f + i];
            float s = sigmoid(x);
            float silu = x * s;
            float d = u[at + i] * g;
            dG = Math.fma(u[at + i], silu * up, dG);
            u[at + i] = silu * up * g;
            gateUp[gate + i] = d * s * Math.fma(x, 1f - s, 1f) * up;
            gateUp[gate + f + i] = d * silu;
        }
        return dG;
    }

    private static float sigmoid(float x) {
        return 1f / (VectorMath.exp(-x) + 1f);
    }
}
