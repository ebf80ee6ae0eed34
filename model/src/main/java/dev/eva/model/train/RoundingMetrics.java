package dev.eva.model.train;

/**
 * What rounding to FP8 met in one step and one part of a layer.
 *
 * @param part {@code layers.0.attn} or {@code layers.0.ffn}
 * @param kind activation, gradient or weight
 * @param overflow share of the values beyond the format's largest, after division by their scale, or not finite
 * @param underflow share of the values that became zero and are not
 * @param minScale the least scale of a tile or block
 * @param maxScale the largest
 */
public record RoundingMetrics(
        String part, String kind, double overflow, double underflow, double minScale, double maxScale) {
    /** Overflow should not be, scales being those of the data; as much underflow loses part of the signal. */
    static final double WORRYING_UNDERFLOW = 0.05;

    /** Whether training should be looked at. */
    public boolean isWorrying() {
        return overflow > 0 || underflow > WORRYING_UNDERFLOW;
    }
}
