package dev.eva.tensor.kernel;

/**
 * Causal softmax attention of one head over contiguous rows, never storing the T x T scores.
 *
 * <p>Letters: {@code T} rows (positions), {@code H} width of queries and keys, {@code HV} width of values.
 * {@code s_ij = scale * q_i . k_j} for {@code j <= i}; {@code p = softmax(s)}; {@code out_i = sum_j p_ij v_j};
 * {@code lse_i = log sum_j exp(s_ij)}. Single-threaded: the op hands each (sequence, head) to a task of its own.
 */
public interface Attention {
    /** The scalar reference. */
    Attention REFERENCE = new Attention() {};

    /**
     * @param q T rows of H values, contiguous from {@code qOffset}; k likewise; v: T rows of HV values
     * @param outRow distance between rows of {@code out}, so that heads may be written side by side
     * @param lse T values, for the backward pass
     */
    default void forward(
            int t,
            int h,
            int hv,
            float scale,
            float[] q,
            int qOffset,
            float[] k,
            int kOffset,
            float[] v,
            int vOffset,
            float[] out,
            int outOffset,
            int outRow,
            float[] lse,
            int lseOffset) {
        forwardFrom(0, t, h, hv, scale, q, qOffset, k, kOffset, v, vOffset, out, outOffset, outRow, lse, lseOffset);
    }

    /**
     * The rows of {@link #forward} from position {@code from} on, to the same bits: what new tokens see of those before
     * them.
     *
     * @param q T - from rows, and so {@code out} and {@code lse}; k and v have T rows
     */
    default void forwardFrom(
            int from,
            int t,
            int h,
            int hv,
            float scale,
            float[] q,
            int qOffset,
            float[] k,
            int kOffset,
            float[] v,
            int vOffset,
            float[] out,
            int outOffset,
            int outRow,
            float[] lse,
            int lseOffset) {
        double[] p = new double[t];
        for (int i = from; i < t; i++) {
            int row = i - from;
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j <= i; j++) {
                p[j] = scale * dot(h, q, qOffset + row * h, k, kOffset + j * h);
                max = Math.max(max, p[j]);
            }
            double sum = 0;
            for (int j = 0; j <= i; j++) {
                p[j] = Math.exp(p[j] - max);
                sum += p[j];
            }
            lse[lseOffset + row] = (float) (max + Math.log(sum));
            for (int d = 0; d < hv; d++) {
                double o = 0;
                for (int j = 0; j <= i; j++) {
                    o += p[j] * v[vOffset + j * hv + d];
                }
                out[outOffset + row * outRow + d] = (float) (o / sum);
            }
        }
    }

    /**
     * Gradients from those of the output, recomputing the probabilities from {@code lse}: with {@code D_i = dOut_i .
     * out_i} and
     * {@code dS_ij = p_ij (dOut_i . v_j - D_i)}: {@code dQ_i = scale sum_j dS_ij k_j}, {@code dK_j = scale sum_i dS_ij
     * q_i},
     * {@code dV_j = sum_i p_ij dOut_i}. dq, dk and dv are overwritten; they are contiguous like q, k and v.
     *
     * @param out the forward result, or null where it was not kept: then {@code D_i = sum_j p_ij (dOut_i . v_j)}, the
     * same up to rounding; {@code dOut} is its gradient, both with rows {@code outRow} apart
     */
    default void backward(
            int t,
            int h,
            int hv,
            float scale,
            float[] q,
            int qOffset,
            float[] k,
            int kOffset,
            float[] v,
            int vOffset,
            float[] out,
            float[] dOut,
            int outOffset,
            int dOutOffset,
            int outRow,
            float[] lse,
            int lseOffset,
            float[] dq,
            int dqOffset,
            float[] dk,
            int dkOffset,
            float[] dv,
            int dvOffset) {
        java.util.Arrays.fill(dq, dqOffset, dqOffset + t * h, 0f);
        java.util.Arrays.fill(dk, dkOffset, dkOffset + t * h, 0f);
        java.util.Arrays.fill(dv, dvOffset, dvOffset + t * hv, 0f);
        for (int i = 0; i < t; i++) {
            double delta = 0;
            if (out != null) {
                delta = dot(hv, out, outOffset + i * outRow, dOut, dOutOffset + i * outRow);
            }
            for (int j = 0; j <= i && out == null; j++) {
                double s = scale * dot(h, q, qOffset + i * h, k, kOffset + j * h);
                double p = Math.exp(s - lse[lseOffset + i]);
                delta += p * dot(hv, dOut, dOutOffset + i * outRow, v, vOffset + j * hv);
            }
            for (int j = 0; j <= i; j++) {
                double s = scale * dot(h, q, qOffset + i * h, k, kOffset + j * h);
                double p = Math.exp(s - lse[lseOffset + i]);
                double ds = scale * p * (dot(hv, dOut, dOutOffset + i * outRow, v, vOffset + j * hv) - delta);
                for (int d = 0; d < h; d++) {
                    dq[dqOffset + i * h + d] += (float) (ds * k[kOffset + j * h + d]);
                    dk[dkOffset + j * h + d] += (float) (ds * q[qOffset + i * h + d]);
                }
                for (int d = 0; d < hv; d++) {
                    dv[dvOffset + j * hv + d] += (float) (p * dOut[dOutOffset + i * outRow + d]);
                }
            }
        }
    }

    private static double dot(int n, float[] a, int aOffset, float[] b, int bOffset) {
        double s = 0;
        for (int i = 0; i < n; i++) {
            s += (double) a[aOffset + i] * b[bOffset + i];
        }
        return s;
    }
}
