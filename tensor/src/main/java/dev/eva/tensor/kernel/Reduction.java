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
}
