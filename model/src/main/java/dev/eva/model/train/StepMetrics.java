package dev.eva.model.train;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What a step did.
 *
 * @param step its number, the first is 1
 * @param seconds time in training since the run began, over all its processes
 * @param tokens tokens seen in the run
 * @param loss mean cross-entropy over the step's tokens, in nats, without balance losses
 * @param mtpLoss mean loss of the multi-token prediction layers, before its weight, where there are any
 * @param valLoss mean cross-entropy over the validation text, where it was evaluated after the step
 * @param lr learning rate
 * @param gradNorm norm of the gradient before clipping
 * @param tokensPerS tokens of the step by its time
 * @param maxVio how much more than the mean the busiest expert got, {@code max / mean - 1}, mean over the layers with
 *     experts
 * @param layerMaxVio the same of each of these layers, in their order; empty where a run's file does not have it
 * @param skipped whether the weights were left as they were because loss or gradient is not finite
 * @param keptBytes what a batch keeps from its forward to its backward pass
 * @param fp8 what rounding to FP8 met, in steps where it was counted
 */
public record StepMetrics(
        long step,
        double seconds,
        long tokens,
        double loss,
        OptionalDouble mtpLoss,
        OptionalDouble valLoss,
        double lr,
        double gradNorm,
        double tokensPerS,
        double maxVio,
        List<Double> layerMaxVio,
        boolean skipped,
        long keptBytes,
        List<RoundingMetrics> fp8) {
    public StepMetrics {
        layerMaxVio = List.copyOf(layerMaxVio);
        fp8 = List.copyOf(fp8);
    }

    /** The same with a validation loss. */
    StepMetrics withValLoss(double value) {
        return new StepMetrics(
                step,
                seconds,
                tokens,
                loss,
                mtpLoss,
                OptionalDouble.of(value),
                lr,
                gradNorm,
                tokensPerS,
                maxVio,
                layerMaxVio,
                skipped,
                keptBytes,
                fp8);
    }
}
