package dev.eva.tensor.kernel.vector;

import java.util.Arrays;

/** Softmax of attention's scores by plain loops, with the bits of {@link VectorAttention}'s. */
final class ScalarSoftmax {
    private static final int L = VectorMath.LANES;

    private ScalarSoftmax() {}

    // spotless:off: one argument a line would triple the length of the call

    /** As {@code softmaxRows} of {@link VectorAttention}. */
    static void rows(
            int m, int i, float scale, float[] s, int sAt, int ld, float[] scales, float[] lse, int lseAt) {
        float[] lanes = new float[L];
        for (int r = 0; r < m; r++) {
            int at = sAt + r * ld;
            int keys = i + r + 1;
            float top = scale * max(keys, s, at);
            Arrays.fill(lanes, 0f);
            for (int j = 0; j < keys; j++) {
                float p = VectorMath.expOfLow(Math.fma(s[at + j], scale, -top));
                s[at + j] = p;
                lanes[j % L] += p;
            }
            Arrays.fill(s, at + keys, at + Math.max(i + VectorAttention.tileEnd(r, m), (keys + L - 1) / L * L), 0f);
            float total = VectorMath.sum(lanes);
            lse[lseAt + r] = (float) (top + Math.log(total));
            scales[r] = 1f / total;
        }
    }

    // spotless:on

    /** NaN is passed over but in the vector of the last key, with which the others are compared. */
    private static float max(int keys, float[] s, int at) {
        int last = (keys - 1) / L * L;
        float max = Float.NEGATIVE_INFINITY;
        for (int j = last; j < keys; j++) {
            max = Math.max(max, s[at + j]);
        }
        for (int j = 0; j < last; j++) {
            max = s[at + j] > max ? s[at + j] : max;
        }
        return max;
    }
}
