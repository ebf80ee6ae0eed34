package dev.eva.tensor.testing;

import dev.eva.tensor.Tensor;

/** Comparisons of arrays whose message names the worst element and both its values. */
public final class TensorAssert {
    private TensorAssert() {}

    /**
     * Fails unless {@code |actual_i - expected_i| <= absolute + relative |expected_i|} for all i. NaN equals NaN only,
     * an infinity
     * itself only.
     *
     * @param what begins the message
     */
    public static void assertClose(String what, Tensor actual, double[] expected, double absolute, double relative) {
        assertClose(what + " " + actual.shape(), actual.toArray(), expected, absolute, relative);
    }

    /** As {@link #assertClose(String, Tensor, double[], double, double)}. */
    public static void assertClose(String what, float[] actual, double[] expected, double absolute, double relative) {
        if (actual.length != expected.length) {
            throw new AssertionError(what + ": " + actual.length + " elements, expected " + expected.length);
        }
        int worst = -1;
        int wrong = 0;
        double worstExcess = 0;
        for (int i = 0; i < actual.length; i++) {
            double excess = excess(actual[i], expected[i], absolute + relative * Math.abs(expected[i]));
            wrong += excess > 0 ? 1 : 0;
            if (excess > worstExcess) {
                worst = i;
                worstExcess = excess;
            }
        }
        if (wrong > 0) {
            throw new AssertionError(what + ": " + wrong + " of " + actual.length + " elements differ; worst at index "
                    + worst + ": actual " + actual[worst] + ", expected " + expected[worst] + ", difference "
                    + Math.abs(actual[worst] - expected[worst]) + "; allowed " + absolute + " + " + relative
                    + " * |expected|");
        }
    }

    /** Fails unless two arrays hold the same bits. */
    public static void assertSameBits(String what, float[] actual, float[] expected) {
        if (actual.length != expected.length) {
            throw new AssertionError(what + ": " + actual.length + " elements, expected " + expected.length);
        }
        for (int i = 0; i < actual.length; i++) {
            if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[i])) {
                throw new AssertionError(what + ": bits differ at index " + i + ": actual " + actual[i] + " ("
                        + Float.toHexString(actual[i]) + "), expected " + expected[i] + " ("
                        + Float.toHexString(expected[i]) + ")");
            }
        }
    }

    /**
     * How far the difference is beyond what is allowed, in units of that; infinite where one of both is not a number.
     */
    private static double excess(double actual, double expected, double allowed) {
        if (!Double.isFinite(expected) || !Double.isFinite(actual)) {
            return Double.compare(actual, expected) == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        double difference = Math.abs(actual - expected);
        return difference <= allowed ? 0 : difference / Math.max(allowed, Double.MIN_NORMAL);
    }
}
