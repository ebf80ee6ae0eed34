package dev.eva.masterclass;

import dev.eva.measure.Timing;
import dev.eva.model.train.StepMetrics;
import dev.eva.moe.ExpertUsage;
import java.util.List;

/**
 * A short training beside others: the same steps over the same batches, one thing different.
 *
 * @param id part of the figures' names
 * @param label as people read it
 * @param tokens of a step
 * @param steps what each did
 * @param validation loss over held-out text after the last, in nats a token
 * @param usage of the experts of each layer over held-out text, after the last
 */
record Course(
        String id, String label, long tokens, List<StepMetrics> steps, double validation, List<ExpertUsage> usage) {
    /** Steps whose loss or gradient was not finite; they changed nothing. */
    long skipped() {
        return steps.stream().filter(StepMetrics::skipped).count();
    }

    /** Whether every loss, gradient norm and the validation loss is finite. */
    boolean finite() {
        return Double.isFinite(validation)
                && steps.stream().allMatch(m -> Double.isFinite(m.loss()) && Double.isFinite(m.gradNorm()));
    }

    /** Time of the steps of the second half, when code is compiled and memory is there. */
    Timing stepTime() {
        return new Timing(steps.subList(steps.size() / 2, steps.size()).stream()
                .mapToDouble(m -> tokens / m.tokensPerS())
                .toArray());
    }

    /** MaxVio over held-out text, the mean of the layers. */
    double maxVio() {
        return usage.stream().mapToDouble(ExpertUsage::maxVio).average().orElse(0);
    }

    /** Balance score over held-out text, of the least balanced layer. */
    double balanceScore() {
        return usage.stream().mapToDouble(ExpertUsage::balanceScore).min().orElse(1);
    }
}
