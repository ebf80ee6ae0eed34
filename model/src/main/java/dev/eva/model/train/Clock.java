package dev.eva.model.train;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Time and end of a run in this process. A run by minutes measures its speed while the learning rate does not yet
 * depend on the number of
 * steps, and then decides it once, for good: from there on it is like a run by steps, and goes on to the same bits.
 */
final class Clock {
    /** The last steps whose median is the speed: enough against noise, few enough to be past the compiler's warm-up. */
    private static final int RECENT = 32;
    /** Share of the time kept for the last evaluation and checkpoint. */
    private static final double RESERVE = 0.015;

    /** Share of the time that an evaluation is taken to need at most while none was seen: early steps exaggerate it. */
    private static final double MOST_UNSEEN = 0.05;

    private final Trainer trainer;
    private final Optional<Budget> further;
    private final long firstStep;
    private final double secondsBefore;
    private final long start = System.nanoTime();
    private final double[] recent = new double[RECENT];
    private int measured;
    private double pause;
    private int pauses;

    Clock(Trainer trainer, Optional<Budget> further) {
        this.trainer = trainer;
        this.further = further;
        this.firstStep = trainer.state().step();
        this.secondsBefore = trainer.state().seconds();
    }

    /** Notes the length of a step. */
    void stepped(double seconds) {
        recent[measured++ % RECENT] = seconds;
    }

    /** Notes the length of an evaluation, which is no part of a step. */
    void paused(double seconds) {
        pause += seconds;
        pauses++;
    }

    /** Notes the time in the trainer's state; the number of steps if this call has decided it. */
    OptionalLong tick() {
        double seconds = secondsBefore + here();
        trainer.state(trainer.state().withSeconds(seconds));
        if (trainer.state().totalSteps() > 0 || !(trainer.config().budget() instanceof Budget.Minutes minutes)) {
            return OptionalLong.empty();
        }
        double all = 60 * minutes.minutes();
        double decide = all * trainer.config().schedule().decideAt();
        long step = trainer.state().step();
        if (seconds < decide) {
            return OptionalLong.empty();
        }
        double left = all * (1 - RESERVE) - seconds;
        double aStep = median();
        double aPause = pauses > 0 ? pause / pauses : Math.min(trainer.evaluationSteps() * aStep, MOST_UNSEEN * all);
        double steps =
                (left - aPause) / (aStep + aPause / trainer.config().saving().evalEvery());
        long total = step + Math.max(1, (long) steps);
        trainer.state(trainer.state().withTotalSteps(total));
        return OptionalLong.of(total);
    }

    private double median() {
        double[] sorted = Arrays.copyOf(recent, Math.min(measured, RECENT));
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private double here() {
        return (System.nanoTime() - start) * 1e-9;
    }

    /** Whether no step is left to do. */
    boolean done() {
        long step = trainer.state().step();
        return further.map(budget -> switch (budget) {
                    case Budget.Steps s -> step >= firstStep + s.steps();
                    case Budget.Minutes m -> step > firstStep && here() >= 60 * m.minutes();
                })
                .orElseGet(() -> trainer.state().totalSteps() > 0
                        && step >= trainer.state().totalSteps());
    }
}
