package dev.eva.tensor.kernel;

/**
 * Attention of several heads to the rows of one shared latent cache: the inner loop of absorbed decoding
 * (arXiv:2405.04434, section 2.1.2).
 *
 * <p>Letters: N heads, L cache rows, R latent width, P width of the rotated key. A cache row is
 * {@code [c_j (R) ; r_j (P)]}; all of it is the key, its first R values are the value. The result covers the given rows
 * only and is not normalised, so that parts of a long cache can be scanned apart and joined: with
 * {@code s_hj = scale * q_h . row_j}, {@code max_h = max_j s_hj}, {@code sum_h = sum_j exp(s_hj - max_h)},
 * {@code z_h = sum_j exp(s_hj - max_h) c_j}.
 */
public interface LatentAttention {
    /** The scalar reference. */
    LatentAttention REFERENCE = new LatentAttention() {};

    /** Values of scratch that {@link #scan} of these sizes needs. */
    default int scratch(int n, int l, int r, int p) {
        return 0;
    }

    /**
     * @param q N rows of R + P values, contiguous
     * @param cache L rows of R + P values, contiguous; L is at least 1
     * @param scratch {@link #scratch} values, unspecified before and after
     * @param z N rows of R values, contiguous, overwritten
     * @param stats {@code max_h} and {@code sum_h}: entries 2h and 2h + 1
     */
    default void scan(
            int n,
            int l,
            int r,
            int p,
            float scale,
            float[] q,
            int qOffset,
            float[] cache,
            int cacheOffset,
            float[] scratch,
            int scratchOffset,
            float[] z,
            int zOffset,
            float[] stats,
            int statsOffset) {
        int row = r + p;
        double[] weights = new double[l];
        for (int h = 0; h < n; h++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < l; j++) {
                double s = 0;
                for (int i = 0; i < row; i++) {
                    s += (double) q[qOffset + h * row + i] * cache[cacheOffset + j * row + i];
                }
                weights[j] = scale * s;
                max = Math.max(max, weights[j]);
            }
            double sum = 0;
            for (int j = 0; j < l; j++) {
                weights[j] = Math.exp(weights[j] - max);
                sum += weights[j];
            }
            for (int i = 0; i < r; i++) {
                double value = 0;
                for (int j = 0; j < l; j++) {
                    value += weights[j] * cache[cacheOffset + j * row + i];
                }
                z[zOffset + h * r + i] = (float) value;
            }
            stats[statsOffset + 2 * h] = (float) max;
            stats[statsOffset + 2 * h + 1] = (float) sum;
        }
    }
}
