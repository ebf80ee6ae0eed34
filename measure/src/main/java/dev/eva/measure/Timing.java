package dev.eva.measure;

import java.util.Arrays;

/**
 * Seconds of repeated runs of one thing.
 *
 * @param seconds one a run, ascending
 */
public record Timing(double... seconds) {
    public Timing {
        if (seconds.length == 0) {
            throw new IllegalArgumentException("timing: no run; need at least one");
        }
        seconds = seconds.clone();
        Arrays.sort(seconds);
    }

    /** The middle one; of an even number the mean of the middle two. */
    public double median() {
        int n = seconds.length;
        return (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
    }

    /** The quickest. */
    public double min() {
        return seconds[0];
    }

    /** The slowest. */
    public double max() {
        return seconds[seconds.length - 1];
    }
}
