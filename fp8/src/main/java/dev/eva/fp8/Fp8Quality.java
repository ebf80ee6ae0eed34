package dev.eva.fp8;

import java.util.Locale;

/**
 * What is left of values {@code x} after a conversion to {@code y} and back.
 *
 * @param maxAbsError {@code max |x - y|}
 * @param meanRelativeError mean of {@code |x - y| / |x|} over {@code x} other than 0
 * @param snrDb signal to noise, {@code 10 log10(sum x^2 / sum (x - y)^2)} in dB; infinite without an error
 * @param correlation Pearson's coefficient of x and y; 1 where both are constant
 */
public record Fp8Quality(double maxAbsError, double meanRelativeError, double snrDb, double correlation) {
    /** Compares two arrays of the same length, in float64. */
    public static Fp8Quality of(float[] x, float[] y) {
        if (x.length != y.length || x.length == 0) {
            throw new IllegalArgumentException(
                    "quality: " + x.length + " values and " + y.length + "; need as many, at least one");
        }
        double max = 0;
        double relative = 0;
        double signal = 0;
        double noise = 0;
        int nonZero = 0;
        for (int i = 0; i < x.length; i++) {
            double error = Math.abs((double) x[i] - y[i]);
            max = Math.max(max, error);
            signal += (double) x[i] * x[i];
            noise += error * error;
            if (x[i] != 0) {
                relative += error / Math.abs(x[i]);
                nonZero++;
            }
        }
        double snr = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
        return new Fp8Quality(max, nonZero == 0 ? 0 : relative / nonZero, snr, correlation(x, y));
    }

    private static double correlation(float[] x, float[] y) {
        double meanX = 0;
        double meanY = 0;
        for (int i = 0; i < x.length; i++) {
            meanX += x[i];
            meanY += y[i];
        }
        meanX /= x.length;
        meanY /= y.length;
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < x.length; i++) {
            xy += (x[i] - meanX) * (y[i] - meanY);
            xx += (x[i] - meanX) * (x[i] - meanX);
            yy += (y[i] - meanY) * (y[i] - meanY);
        }
        return xx == 0 && yy == 0 ? 1 : xy / Math.sqrt(xx * yy);
    }

    /** One line for a report. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "max abs error %.3g, mean relative error %.2f %%, SNR %.2f dB, correlation %.6f",
                maxAbsError,
                100 * meanRelativeError,
                snrDb,
                correlation);
    }
}
