package dev.eva.masterclass;

import dev.eva.model.train.StepMetrics;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * A curve over steps with few enough points to be looked at: each is the mean of the steps up to it, from the one
 * before on.
 *
 * @param x the last step of each point
 * @param y the means
 */
record Thinned(double[] x, double[] y) {
    /** At most {@code points} points; steps without a finite value are left out. */
    static Thinned of(List<StepMetrics> steps, int points, ToDoubleFunction<StepMetrics> value) {
        List<StepMetrics> whole = steps.stream()
                .filter(m -> Double.isFinite(value.applyAsDouble(m)))
                .toList();
        int group = Math.max(1, Math.ceilDiv(whole.size(), points));
        int n = Math.ceilDiv(whole.size(), group);
        double[] x = new double[n];
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            List<StepMetrics> part = whole.subList(i * group, Math.min((i + 1) * group, whole.size()));
            x[i] = part.getLast().step();
            y[i] = part.stream().mapToDouble(value).average().orElseThrow();
        }
        return new Thinned(x, y);
    }
}
