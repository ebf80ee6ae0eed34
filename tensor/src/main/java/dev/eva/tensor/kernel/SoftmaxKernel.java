package dev.eva.tensor.kernel;

/**
 * Softmax over rows, and the cross-entropy of rows of logits: {@code lse = log sum_j exp(x_j)}, {@code p_j = exp(x_j -
 * lse)}.
 *
 * <p>Letters: {@code n} or {@code V} width of a row. Rows are contiguous. The maximum is subtracted first, so logits of
 * any
 * finite size are fine; a row that holds NaN or +inf, or nothing but -inf, gives NaN. Single-threaded: ops cut the
 * rows.
 */
public interface SoftmaxKernel {
    /** The scalar reference. */
    SoftmaxKernel REFERENCE = new SoftmaxKernel() {};

    /** {@code out = p}, a row at a time; {@code out} may be {@code x}. */
    default void softmax(int rows, int n, float[] x, int xOffset, float[] out, int outOffset) {
        for (int r = 0; r < rows; r++) {
            int at = xOffset + r * n;
            float max = max(n, x, at);
            double sum = sumExp(n, x, at, max);
            for (int i = 0; i < n; i++) {
                out[outOffset + r * n + i] = (float) (Math.exp((double) x[at + i] - max) / sum);
            }
        }
    }

    /** {@code dX_i = p_i (dOut_i - sum_j p_j dOut_j)}, from the result p. */
    default void softmaxBackward(
            int rows, int n, float[] p, int pOffset, float[] dOut, int dOutOffset, float[] dX, int dXOffset) {
        for (int r = 0; r < rows; r++) {
            int at = pOffset + r * n;
            int dAt = dOutOffset + r * n;
            double dot = 0;
            for (int i = 0; i < n; i++) {
                dot += (double) p[at + i] * dOut[dAt + i];
            }
            for (int i = 0; i < n; i++) {
                dX[dXOffset + r * n + i] = (float) (p[at + i] * (dOut[dAt + i] - dot));
            }
        }
    }

    /**
     * {@code loss_r = lse_r - x[target_r]}; a row with a negative target is ignored: its loss and lse are 0.
     *
     * @param targets a column a row, all less than V
     * @param losses receives a value a row
     * @param lse receives a value a row, for the backward pass
     */
    default void crossEntropy(
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
            double logSum = Math.log(sumExp(v, logits, at, max));
            // The difference to the maximum first: rounding lse would cost digits of a small loss.
            losses[lossesOffset + r] = (float) (logSum + ((double) max - logits[at + target]));
            lse[lseOffset + r] = (float) (max + logSum);
        }
    }

    /** {@code dLogits = scale (p - onehot(target))}; zeros for a row with a negative target. */
    default void crossEntropyBackward(
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
            int at = logitsOffset + r * v;
            int dAt = dLogitsOffset + r * v;
            if (target < 0) {
                java.util.Arrays.fill(dLogits, dAt, dAt + v, 0f);
                continue;
            }
            for (int i = 0; i < v; i++) {
                dLogits[dAt + i] = (float) (scale * Math.exp((double) logits[at + i] - lse[lseOffset + r]));
            }
            dLogits[dAt + target] -= scale;
        }
    }

    private static float max(int n, float[] x, int at) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[at + i]);
        }
        return max;
    }

    private static double sumExp(int n, float[] x, int at, float max) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp((double) x[at + i] - max);
        }
        return sum;
    }
}
