package dev.eva.bench;

import java.util.function.DoubleSupplier;

/**
 * Two sides in turn, A B A B, and their ratio in each round: what else the machine does meets both.
 *
 * @param a figures of the first side
 * @param b figures of the second
 * @param ratio {@code a / b} of each round
 */
record Turns(Side a, Side b, Side ratio) {
    /** Of suppliers that measure once with each call. */
    static Turns of(int rounds, DoubleSupplier first, DoubleSupplier second) {
        double[] a = new double[rounds];
        double[] b = new double[rounds];
        double[] ratio = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            a[i] = first.getAsDouble();
            b[i] = second.getAsDouble();
            ratio[i] = a[i] / b[i];
        }
        return new Turns(Side.of(a), Side.of(b), Side.of(ratio));
    }

    /** A line of both. */
    Line line(String what, String note) {
        return new Line(what, a, b, ratio, "", null, note);
    }
}
