package dev.eva.masterclass;

/** How far numbers lie from zero and from each other, in float64. */
final class Spread {
    private Spread() {}

    /** {@code mean (x - mean x)^2}. */
    static double variance(float[] x) {
        double mean = 0;
        for (float v : x) {
            mean += v;
        }
        mean /= x.length;
        double sum = 0;
        for (float v : x) {
            sum += (v - mean) * (v - mean);
        }
        return sum / x.length;
    }

    /** The mean Euclidean length of the rows of a matrix. */
    static double meanNorm(float[] x, int cols) {
        double sum = 0;
        for (int i = 0; i < x.length; i += cols) {
            double square = 0;
            for (int j = i; j < i + cols; j++) {
                square += (double) x[j] * x[j];
            }
            sum += Math.sqrt(square);
        }
        return sum / (x.length / cols);
    }

    /** The largest absolute value. */
    static double largest(float[] x) {
        double max = 0;
        for (float v : x) {
            max = Math.max(max, Math.abs(v));
        }
        return max;
    }
}
