package dev.eva.fp8;

import dev.eva.fp8.Fp8Converter.Kind;
import java.util.Arrays;

/** What rounding to FP8 met: values that became the largest, values that became zero, and the scales of their tiles. */
public final class Fp8Statistics {
    private final Counts[] counts = new Counts[Kind.values().length];

    /**
     * Of one kind of tensor.
     *
     * @param elements values rounded
     * @param overflows those beyond the format's largest after division by their scale, and those that are not finite
     * @param underflows those that became zero and are not
     * @param minScale the least scale of a tile, infinite where there is none
     * @param maxScale the largest
     */
    public record Counts(long elements, long overflows, long underflows, float minScale, float maxScale) {
        static final Counts NONE = new Counts(0, 0, 0, Float.POSITIVE_INFINITY, 0);

        /** Of {@code n} values that share a scale. */
        static Counts of(Fp8Format format, int n, float scale, float[] x, int at) {
            // Rounding of the scale may leave the largest value a bit beyond the format's: that is no overflow.
            float limit = Math.nextUp(Math.nextUp(format.max()));
            int over = 0;
            int under = 0;
            for (int i = at; i < at + n; i++) {
                float q = Math.abs(x[i]) / scale;
                over += q <= limit ? 0 : 1;
                under += q <= format.largestToZero() && x[i] != 0 ? 1 : 0;
            }
            return new Counts(n, over, under, scale, scale);
        }

        /** Both together. */
        public Counts plus(Counts o) {
            return new Counts(
                    elements + o.elements,
                    overflows + o.overflows,
                    underflows + o.underflows,
                    Math.min(minScale, o.minScale),
                    Math.max(maxScale, o.maxScale));
        }

        /** Part of the values that overflowed; 0 where there are none. */
        public double overflowShare() {
            return elements == 0 ? 0 : (double) overflows / elements;
        }

        /** Part of the values that became zero and are not; 0 where there are none. */
        public double underflowShare() {
            return elements == 0 ? 0 : (double) underflows / elements;
        }
    }

    public Fp8Statistics() {
        Arrays.fill(counts, Counts.NONE);
    }

    /** What was counted of a kind. */
    public synchronized Counts of(Kind kind) {
        return counts[kind.ordinal()];
    }

    /** From any thread; the order does not matter. */
    synchronized void add(Kind kind, Counts more) {
        counts[kind.ordinal()] = counts[kind.ordinal()].plus(more);
    }
}
