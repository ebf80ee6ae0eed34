package dev.eva.bench;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * What one side of a comparison reached.
 *
 * @param median of the samples
 * @param least sample
 * @param most sample
 * @param samples their number
 */
record Side(double median, double least, double most, int samples) {
    /** Of samples in any order. */
    static Side of(double... samples) {
        double[] s = samples.clone();
        Arrays.sort(s);
        int n = s.length;
        return new Side((s[(n - 1) / 2] + s[n / 2]) / 2, s[0], s[n - 1], n);
    }

    /** Of each sample's image, for example tokens a second of seconds. */
    static Side of(DoubleUnaryOperator map, double... samples) {
        return of(Arrays.stream(samples).map(map).toArray());
    }
}
