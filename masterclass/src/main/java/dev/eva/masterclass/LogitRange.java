package dev.eva.masterclass;

import dev.eva.tensor.Tensor;

/**
 * What logits look like from afar.
 *
 * @param min the least
 * @param max the largest
 * @param finite whether all of them are finite
 */
record LogitRange(double min, double max, boolean finite) {
    static LogitRange of(Tensor logits) {
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        boolean finite = true;
        for (int i = 0; i < logits.size(); i++) {
            float v = logits.array()[logits.offset() + i];
            finite &= Float.isFinite(v);
            min = Math.min(min, v);
            max = Math.max(max, v);
        }
        return new LogitRange(min, max, finite);
    }
}
