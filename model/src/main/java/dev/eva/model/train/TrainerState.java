package dev.eva.model.train;

import java.util.Optional;

/**
 * What a run is besides its tensors. The order of the data needs no state: it is a function of the seed and the step.
 *
 * @param step steps done, skipped ones included
 * @param tokens tokens seen
 * @param seconds time in training
 * @param totalSteps length of the schedule in steps; 0 while a run by minutes has not decided it
 * @param best the best validation loss so far
 * @param skipped steps whose loss or gradient was not finite
 * @param consecutiveSkips those at the end
 */
public record TrainerState(
        long step,
        long tokens,
        double seconds,
        long totalSteps,
        Optional<Best> best,
        long skipped,
        int consecutiveSkips) {
    /** The best validation loss and the step after which it was measured. */
    public record Best(long step, double loss) {}

    static TrainerState fresh(Budget budget) {
        long total = switch (budget) {
            case Budget.Steps s -> s.steps();
            case Budget.Minutes m -> 0;
        };
        return new TrainerState(0, 0, 0, total, Optional.empty(), 0, 0);
    }

    TrainerState withTotalSteps(long total) {
        return new TrainerState(step, tokens, seconds, total, best, skipped, consecutiveSkips);
    }

    TrainerState withSeconds(double now) {
        return new TrainerState(step, tokens, now, totalSteps, best, skipped, consecutiveSkips);
    }

    TrainerState withBest(double loss) {
        return new TrainerState(
                step, tokens, seconds, totalSteps, Optional.of(new Best(step, loss)), skipped, consecutiveSkips);
    }

    TrainerState afterStep(long moreTokens, boolean wasSkipped) {
        return new TrainerState(
                step + 1,
                tokens + moreTokens,
                seconds,
                totalSteps,
                best,
                skipped + (wasSkipped ? 1 : 0),
                wasSkipped ? consecutiveSkips + 1 : 0);
    }
}
