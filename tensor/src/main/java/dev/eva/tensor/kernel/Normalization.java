package dev.eva.tensor.kernel;

/**
 * Root-mean-square normalisation of rows: {@code r = 1 / sqrt(mean(x^2) + eps)}, {@code y = x r w}.
 *
 * <p>Letters: {@code D} width of a row, {@code w} D gains. Rows are contiguous. Single-threaded: ops cut the rows.
 */
public interface Normalization {
    /** The scalar reference. */
    Normalization REFERENCE = new Normalization() {};

    /**
     * {@code out = x r w}, a row at a time.
     *
     * @param rstd receives {@code r} of each row, for the backward pass
     */
    default void rmsNorm(
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
            double squares = 0;
            for (int i = 0; i < d; i++) {
                squares += (double) x[at + i] * x[at + i];
            }
            float r = (float) (1 / Math.sqrt(squares / d + eps));
            rstd[rstdOffset + row] = r;
            for (int i = 0; i < d; i++) {
                out[outOffset + row * d + i] = x[at + i] * r * weight[weightOffset + i];
            }
        }
    }

    /**
     * {@code dX = r (w dOut - x r^2 mean(w dOut x))} and {@code dWeight += sum over rows of dOut x r}, added in the
     * order of rows.
     *
     * @param dX overwritten
     * @param dWeight D values that are added to
     */
    default void rmsNormBackward(
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
            double dot = 0;
            for (int i = 0; i < d; i++) {
                dot += (double) weight[weightOffset + i] * dOut[dAt + i] * x[at + i];
            }
            float c = (float) (dot * r * r / d);
            for (int i = 0; i < d; i++) {
                float dy = dOut[dAt + i];
                dWeight[dWeightOffset + i] += dy * (x[at + i] * r);
                dX[dXOffset + row * d + i] = r * (weight[weightOffset + i] * dy - x[at + i] * c);
            }
        }
    }
}
