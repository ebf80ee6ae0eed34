package dev.eva.tensor.kernel;

/** Sums of an array's elements with float64 accumulators, in an order that depends on n alone. Single-threaded. */
public interface Reduction {
    /** The scalar reference. */
    Reduction REFERENCE = new Reduction() {};

    /** {@code sum_i x_i}. */
    default double sum(int n, float[] x, int xOffset) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += x[xOffset + i];
        }
        return sum;
    }

    /** {@code sum_i x_i^2}. */
    default double sumOfSquares(int n, float[] x, int xOffset) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += (double) x[xOffset + i] * x[xOffset + i];
        }
        return sum;
    }

    /**
     * {@code y_r = } the sum of {@code width} values from {@code x[xOffset + r width]} on, half added to half, for each
     * of {@code rows}; x is overwritten. The width is a power of two: the lanes that a product along k ends with.
     */
    default void sumEach(int rows, int width, float[] x, int xOffset, float[] y, int yOffset) {
        for (int r = 0; r < rows; r++) {
            int at = xOffset + r * width;
            for (int half = width / 2; half > 0; half >>= 1) {
                for (int i = 0; i < half; i++) {
                    x[at + i] += x[at + i + half];
                }
            }
            y[yOffset + r] = x[at];
        }
    }
}
