package dev.eva.model.parity;

import java.util.Arrays;
import java.util.Locale;

/**
 * How far a value may lie from its reference: {@code |x - r| <= absolute + relative * scale}, and on average over the
 * tensor {@code mean}.
 *
 * @param absolute allowed whatever the size of the values
 * @param relative part of the scale
 * @param scale what the relative part refers to
 * @param mean allowed mean of the differences
 */
record Tolerance(double absolute, double relative, Scale scale, double mean) {
    /** What a relative difference refers to. */
    enum Scale {
        /** The largest reference value of the tensor. */
        LARGEST("of the largest"),
        /** The largest reference value of the row. */
        ROW("of a row's largest"),
        /** The reference value itself. */
        EACH("of each");

        private final String words;

        Scale(String words) {
            this.words = words;
        }
    }

    /** The same bits. */
    static final Tolerance EXACT = absolute(0);

    static Tolerance absolute(double difference) {
        return new Tolerance(difference, 0, Scale.LARGEST, Double.POSITIVE_INFINITY);
    }

    static Tolerance relative(double part, Scale scale) {
        return new Tolerance(0, part, scale, Double.POSITIVE_INFINITY);
    }

    Tolerance plus(double more) {
        return new Tolerance(absolute + more, relative, scale, mean);
    }

    Tolerance withMean(double most) {
        return new Tolerance(absolute, relative, scale, most);
    }

    /** The scale of every element of a tensor with rows of {@code columns} values; what is not finite counts as 0. */
    double[] scales(double[] reference, int columns) {
        double[] scales = new double[reference.length];
        int step = switch (scale) {
            case LARGEST -> Math.max(1, reference.length);
            case ROW -> Math.max(1, columns);
            case EACH -> 1;
        };
        for (int from = 0; from < reference.length; from += step) {
            int to = Math.min(reference.length, from + step);
            double max = 0;
            for (int i = from; i < to; i++) {
                max = Double.isFinite(reference[i]) ? Math.max(max, Math.abs(reference[i])) : max;
            }
            Arrays.fill(scales, from, to, max);
        }
        return scales;
    }

    /** {@code 5e-05 of the largest + 1e-06}. */
    String text() {
        if (equals(EXACT)) {
            return "equal";
        }
        if (Double.isInfinite(absolute)) {
            return "mean " + number(mean);
        }
        String text = relative == 0 ? "" : number(relative) + " " + scale.words;
        if (absolute != 0 || relative == 0) {
            text += (text.isEmpty() ? "" : " + ") + number(absolute);
        }
        return Double.isFinite(mean) ? text + ", mean " + number(mean) : text;
    }

    static String number(double x) {
        return String.format(Locale.ROOT, "%.0e", x);
    }
}
