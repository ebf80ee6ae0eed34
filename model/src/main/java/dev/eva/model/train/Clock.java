package dev.eva.model.train;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * Time and end of a run in this process. A run by minutes measures its speed while the learning rate does not yet
 * depend on the number of
 * steps, and then decides it once, for good: from there on it is like a run by steps, and goes on to the same bits.
 */
final class Clock {
    /** Share of the time kept for the last evaluation and checkpoint. */
    private static final double RESERVE = 0.015;

    /** Share of the time that an evaluation is taken to need at most while none was seen: early steps exaggerate it. */
    private static final double MOST_UNSEEN = 0.05;

    private final Trainer trainer;
    private final Optional<Budget> further;
    private final long firstStep;
    private final double secondsBefore;
    private final long start = System.nanoTime();
    private final StepTimes times = new StepTimes();
    private double pause;
    private int pauses;

    Clock(Trainer trainer, Optional<Budget> further) {
        this.trainer = trainer;
        this.further = further;
        this.firstStep = trainer.state().step();
        this.secondsBefore = trainer.state().seconds();
    }

    /** Notes the time of a step. @param sequences of its micro-batches */
    void stepped(int sequences, double seconds) {
        times.add(sequences, seconds);
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
        double unseen = Math.min(
                trainer.evaluationSteps() * times.of(trainer.config().batching().batchSize()), MOST_UNSEEN * all);
        double aPause = pauses > 0 ? pause / pauses : unseen;
        long total = step + Math.max(1, fitting(left - aPause, aPause));
        trainer.state(trainer.state().withTotalSteps(total));
        return OptionalLong.of(total);
    }

    /** Steps that fit into so many seconds, each with its share of the evaluations. */
    private long fitting(double seconds, double aPause) {
        TrainConfig.Batching b = trainer.config().batching();
        double share = aPause / trainer.config().saving().evalEvery();
        long seen = trainer.state().tokens();
        long steps = 0;
        double left = seconds;
        for (; seen < b.growth().tokens(); steps++) {
            double time = times.of(b.sequences(seen)) + share;
            if (left < time) {
                return steps;
            }
            left -= time;
            seen += b.tokens(seen);
        }
        return steps + Math.max(0, (long) (left / (times.of(b.batchSize()) + share)));
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
