package dev.eva.measure;

import java.util.Locale;

/** Comparisons of results before anything is timed: a figure of a wrong result means nothing. */
public final class Verified {
    private Verified() {}

    /**
     * Demands {@code |actual_i - expected_i| <= absolute + relative |expected_i|} of a part of the result.
     *
     * @param what case and way, for the message
     * @param from index in {@code actual} of the first of {@code expected}
     * @throws IllegalStateException at the first element that is further off, or not a number
     */
    public static void close(
            String what, float[] actual, int from, float[] expected, double absolute, double relative) {
        for (int i = 0; i < expected.length; i++) {
            double off = Math.abs((double) actual[from + i] - expected[i]);
            double allowed = absolute + relative * Math.abs(expected[i]);
            if (!(off <= allowed) && actual[from + i] != expected[i]) {
                throw new IllegalStateException(String.format(
                        Locale.ROOT,
                        "bench: %s: wrong result: element %,d is %s where the reference has %s; need within %.3g",
                        what,
                        from + i,
                        actual[from + i],
                        expected[i],
                        allowed));
            }
        }
    }

    /** {@code gemm 64x64x64 on gpu}. */
    public static String label(Case c, Way way) {
        return c.what() + " " + c.name() + " on " + way.name();
    }
}
