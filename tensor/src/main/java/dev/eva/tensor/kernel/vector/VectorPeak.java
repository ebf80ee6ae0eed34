package dev.eva.tensor.kernel.vector;

import dev.eva.tensor.kernel.Peak;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Twelve chains: latency of an addition times two units a cycle, and within sixteen registers. */
final class VectorPeak implements Peak {
    private static final VectorSpecies<Float> S = VectorMath.SPECIES;
    private static final int CHAINS = 12;

    @Override
    public double multiplyAdd(int turns, float factor, float[] out, int outOffset) {
        FloatVector x = FloatVector.broadcast(S, factor);
        FloatVector a0 = x, a1 = x, a2 = x, a3 = x, a4 = x, a5 = x, a6 = x, a7 = x, a8 = x, a9 = x, a10 = x, a11 = x;
        for (int i = 0; i < turns; i++) {
            a0 = a0.fma(x, x);
            a1 = a1.fma(x, x);
            a2 = a2.fma(x, x);
            a3 = a3.fma(x, x);
            a4 = a4.fma(x, x);
            a5 = a5.fma(x, x);
            a6 = a6.fma(x, x);
            a7 = a7.fma(x, x);
            a8 = a8.fma(x, x);
            a9 = a9.fma(x, x);
            a10 = a10.fma(x, x);
            a11 = a11.fma(x, x);
        }
        FloatVector low = a0.add(a1).add(a2).add(a3).add(a4).add(a5);
        FloatVector sum = low.add(a6).add(a7).add(a8).add(a9).add(a10).add(a11);
        out[outOffset] = VectorMath.sum(sum) / (S.length() * CHAINS);
        return 2.0 * S.length() * CHAINS * turns;
    }

    @Override
    public float read(int n, float[] x, int xOffset) {
        int step = 4 * S.length();
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= n - step; i += step) {
            int at = xOffset + i;
            s0 = s0.add(FloatVector.fromArray(S, x, at));
            s1 = s1.add(FloatVector.fromArray(S, x, at + S.length()));
            s2 = s2.add(FloatVector.fromArray(S, x, at + 2 * S.length()));
            s3 = s3.add(FloatVector.fromArray(S, x, at + 3 * S.length()));
        }
        float sum = VectorMath.sum(s0.add(s1).add(s2.add(s3)));
        for (; i < n; i++) {
            sum += x[xOffset + i];
        }
        return sum;
    }
}
