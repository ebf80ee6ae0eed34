package dev.eva.masterclass;

import dev.eva.model.text.TokenRange;
import dev.eva.model.train.Budget;
import dev.eva.model.train.Precision;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjDoubleConsumer;

/**
 * Trains several models in turn, a step each, so that a machine whose speed drifts treats all alike. Same seed, same
 * batches: what differs in the end comes from what differs in their settings.
 */
final class SideBySide {
    /**
     * One of them.
     *
     * @param id part of the figures' names
     * @param label as people read it
     * @param trainer before its first step
     */
    record Lane(String id, String label, Trainer trainer) {}

    private SideBySide() {}

    /**
     * Settings of a short course in float32 whose biases move.
     *
     * @param like has the rest of them
     * @param validation share of the text that is held out
     */
    static TrainConfig course(
            TrainConfig like, TrainConfig.Batching batching, int steps, double validation, long seed) {
        Budget budget = new Budget.Steps(steps);
        return new TrainConfig(
                batching,
                budget,
                like.optimizer(),
                like.schedule().within(budget),
                like.clip(),
                new TrainConfig.Balance(like.balance().alpha(), TrainingExperiment.GAMMA),
                like.mtp(),
                Precision.FP32,
                validation,
                like.saving(),
                like.maxSkipped(),
                seed);
    }

    /**
     * Trains all of them for {@code steps} steps.
     *
     * @param heldOut text for the usage of the experts
     * @param looked tokens of it to look at, about
     */
    static List<Course> run(
            List<Lane> lanes,
            int steps,
            TokenRange heldOut,
            long looked,
            String what,
            ObjDoubleConsumer<String> progress) {
        List<List<StepMetrics>> metrics = new ArrayList<>();
        lanes.forEach(lane -> metrics.add(new ArrayList<>()));
        for (int step = 0; step < steps; step++) {
            progress.accept(what, (double) step / steps);
            // snippet: turns
            for (int i = 0; i < lanes.size(); i++) {
                StepMetrics m = lanes.get(i).trainer.step();
                metrics.get(i).add(m);
            }
            // end
        }
        List<Course> courses = new ArrayList<>();
        for (int i = 0; i < lanes.size(); i++) {
            Trainer trainer = lanes.get(i).trainer;
            courses.add(new Course(
                    lanes.get(i).id,
                    lanes.get(i).label,
                    trainer.config().batching().tokens(),
                    metrics.get(i),
                    trainer.evaluate().orElseThrow(),
                    TextUsage.of(
                            trainer.model(),
                            heldOut,
                            trainer.config().batching().length(),
                            looked)));
        }
        progress.accept(what, 1);
        return courses;
    }
}
