package dev.eva.masterclass;

import dev.eva.masterclass.SideBySide.Lane;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.text.Corpus;
import dev.eva.model.train.Budget;
import dev.eva.model.train.Precision;
import dev.eva.model.train.RunFolder;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainListener;
import dev.eva.model.train.TrainPresets;
import dev.eva.model.train.TrainerState;
import dev.eva.model.train.TrainingRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.ObjDoubleConsumer;

/**
 * Trains the model of the page, or opens the run that the settings name, and trains short courses beside it: with and
 * without the update of the routing biases, in float32 and in FP8.
 */
final class TrainingExperiment {
    /** The preset that is trained. */
    static final String PRESET = "shakespeare";
    /**
     * Step of the routing biases. DeepSeek-V3's 0.001 is for hundreds of thousands of steps: in a few hundred a bias
     * could not move as far as the scores lie apart.
     */
    static final double GAMMA = 0.01;

    /**
     * How much is trained.
     *
     * @param budget of the run
     * @param runBatch sequences of a step of the run
     * @param warmup steps of the run's warm-up
     * @param validation share of the text that is held out
     * @param batch sequences of a step of a course, at most
     * @param steps of a course
     * @param looked held-out tokens to count experts with, about
     */
    private record Effort(
            Budget budget, int runBatch, long warmup, double validation, int batch, int steps, long looked) {
        static Effort of(MasterclassSettings settings) {
            return settings.quick()
                    ? new Effort(new Budget.Steps(50), 2, 5, 0.005, 2, 8, 1 << 12)
                    : new Effort(new Budget.Minutes(1.9), 16, 20, 0.02, 8, 40, 1 << 13);
        }
    }

    /**
     * What came of it.
     *
     * @param trained the model
     * @param courses float32 with the bias update, without it, and FP8 with it, in this order
     */
    record Results(TrainedModel trained, TrainConfig train, List<Course> courses) {
        Course float32() {
            return courses.get(0);
        }

        Course unbiased() {
            return courses.get(1);
        }

        Course fp8() {
            return courses.get(2);
        }

        /** Percent by which FP8's loss over held-out text lies above float32's. */
        double fp8Gap() {
            return 100 * (fp8().validation() / float32().validation() - 1);
        }
    }

    private final MasterclassSettings settings;
    private final Effort effort;
    private Results results;

    TrainingExperiment(MasterclassSettings settings) {
        this.settings = settings;
        this.effort = Effort.of(settings);
    }

    /** What came of it; trained by the first call. */
    Results results(ObjDoubleConsumer<String> progress) {
        if (results == null) {
            try (TrainingRun run =
                    settings.run().isPresent() ? existing(settings.run().get()) : trained(progress)) {
                List<Course> courses = courses(run, progress);
                results = new Results(
                        TrainedModel.of(run, effort.looked), run.settings().train(), courses);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return results;
    }

    private static TrainingRun existing(Path path) throws IOException {
        TrainingRun run = TrainingRun.resume(path);
        String missing = "";
        if (run.settings().train().validation() == 0) {
            missing = "holds no text out; need one with --validation above 0";
        } else if (run.trainer().model().config().moeLayers() == 0) {
            missing = "has no layer with experts; need one to show";
        } else if (run.checkpoints().isEmpty()
                || RunFolder.steps(path).stream().allMatch(m -> m.valLoss().isEmpty())) {
            missing = "has not come to an evaluation and a checkpoint yet; need one that has";
        }
        if (!missing.isEmpty()) {
            run.close();
            throw new IllegalArgumentException("--run: " + path + " " + missing);
        }
        return run;
    }

    private TrainingRun trained(ObjDoubleConsumer<String> progress) {
        TrainConfig preset = TrainPresets.byName(PRESET);
        Path folder = freeFolder(settings.out());
        int length = preset.batching().length();
        // snippet: train
        TrainConfig config = new TrainConfig(
                new TrainConfig.Batching(effort.runBatch, length, 1),
                effort.budget,
                preset.optimizer(),
                preset.schedule().withWarmup(effort.warmup),
                preset.clip(),
                new TrainConfig.Balance(preset.balance().alpha(), GAMMA),
                preset.mtp(),
                Precision.FP32,
                effort.validation,
                preset.saving(),
                preset.maxSkipped(),
                settings.seed());
        DeepSeekConfig shape = Presets.byName(PRESET).withMaxPositionEmbeddings(length);
        Corpus text = Corpus.of(List.of("shakespeare"));
        TrainingRun run = TrainingRun.create(folder, PRESET, shape, text, "char", config);
        TrainListener.End end = run.run(Optional.empty(), progressOf(run, progress));
        // end
        if (end == TrainListener.End.STOPPED) {
            close(run);
            throw new CancellationException("the training is saved, go on with: eva train --resume " + folder);
        }
        return run;
    }

    private static void close(TrainingRun run) {
        try {
            run.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code OUT/run}, or the first of {@code run-2, run-3, ...} that is free. */
    private static Path freeFolder(Path out) {
        Path path = out.resolve("run");
        for (int i = 2; Files.exists(path); i++) {
            path = out.resolve("run-" + i);
        }
        return path;
    }

    private TrainListener progressOf(TrainingRun run, ObjDoubleConsumer<String> progress) {
        return new TrainListener() {
            @Override
            public void step(StepMetrics m, TrainerState state) {
                try {
                    progress.accept(
                            String.format(Locale.ROOT, "training, step %d, loss %.2f", m.step(), m.loss()),
                            share(state));
                } catch (CancellationException e) {
                    // With a checkpoint.
                    run.stop();
                }
            }
        };
    }

    private double share(TrainerState state) {
        return switch (effort.budget) {
            case Budget.Steps s -> (double) state.step() / s.steps();
            case Budget.Minutes m -> Math.min(1, state.seconds() / (60 * m.minutes()));
        };
    }

    private List<Course> courses(TrainingRun run, ObjDoubleConsumer<String> progress) {
        TrainConfig base = courseConfig(run.settings().train());
        double alpha = base.balance().alpha();
        // snippet: courses
        TrainConfig unbiased = base.withBalance(new TrainConfig.Balance(alpha, 0));
        TrainConfig fp8 = base.withPrecision(Precision.FP8);
        List<Lane> lanes = List.of(
                new Lane("f32", "F32", run.beside(base)),
                new Lane("unbiased", "F32, no bias", run.beside(unbiased)),
                new Lane("fp8", "FP8", run.beside(fp8)));
        // end
        return SideBySide.run(lanes, effort.steps, run.text().validation(), effort.looked, "side by side", progress);
    }

    /** The run's settings for a short course in float32 whose biases move. */
    private TrainConfig courseConfig(TrainConfig run) {
        int batch = Math.min(effort.batch, run.batching().batchSize());
        TrainConfig.Batching batching = new TrainConfig.Batching(batch, run.batching().length(), 1);
        TrainConfig course = SideBySide.course(run, batching, effort.steps, run.validation(), run.seed());
        return run.balance().gamma() > 0 ? course.withBalance(run.balance()) : course;
    }
}
