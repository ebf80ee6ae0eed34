package dev.eva.masterclass;

import dev.eva.measure.Timing;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.text.Corpus;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainPresets;
import dev.eva.model.train.TrainingRun;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ObjDoubleConsumer;

/** The same training steps by one process, and by two that share the batches of each step. */
final class RanksExperiment {
    /** Batches whose gradients a step adds, A: one for each of the two processes. */
    static final int BATCHES = 2;

    /** Ways to take the steps; the first is what the others are compared with. */
    static final List<Way> WAYS = List.of(
            new Way("one", "one thread", "one process, one thread", 1, 1),
            new Way("threads", "two threads", "one process, two threads", 1, 2),
            new Way("ranks", "two processes", "two processes, one thread each", 2, 1));

    private RanksExperiment() {}

    /**
     * A way to take steps.
     *
     * @param id part of the figures' names
     * @param name short
     * @param label as people read it
     * @param ranks processes
     * @param threads of each
     */
    record Way(String id, String name, String label, int ranks, int threads) {}

    /**
     * What one way came to.
     *
     * @param steps what they did
     * @param weights that have other bits than the first way's after the last step, routing biases among them
     * @param unlike steps whose loss or gradient norm has other bits than the first way's
     * @param moved bytes that rank 0 writes into shared memory and reads from it, a step
     * @param file bytes of the shared file of gradients
     */
    record Row(Way way, List<StepMetrics> steps, long tokens, long weights, long unlike, double moved, long file) {
        /** Time of the steps of the second half, when all processes have compiled their code. */
        Timing stepTime() {
            return new Timing(steps.subList(steps.size() / 2, steps.size()).stream()
                    .mapToDouble(m -> tokens / m.tokensPerS())
                    .toArray());
        }
    }

    /**
     * What came of all ways.
     *
     * @param parameters values of a gradient, P
     */
    record Results(long parameters, List<Row> rows) {}

    /** The trained preset from its first step, with {@link #BATCHES} batches of {@code batch} sequences a step. */
    static TrainingRun begin(Path folder, int steps, int batch, long seed) {
        TrainConfig preset = TrainPresets.byName(TrainingExperiment.PRESET);
        int length = preset.batching().length();
        TrainConfig.Batching batching = new TrainConfig.Batching(batch, length, BATCHES);
        TrainConfig config = SideBySide.course(preset, batching, steps, 0, seed);
        DeepSeekConfig shape = Presets.byName(TrainingExperiment.PRESET).withMaxPositionEmbeddings(length);
        Corpus text = Corpus.of(List.of("shakespeare"));
        return TrainingRun.create(folder, TrainingExperiment.PRESET, shape, text, "char", config);
    }

    /**
     * Takes the steps in every way, a step of each in turn, so that a machine whose speed drifts treats all alike.
     *
     * @param begin makes the run in a folder that is not there yet
     * @param steps of each way
     */
    static Results run(Function<Path, TrainingRun> begin, int steps, ObjDoubleConsumer<String> progress) {
        int threads = Parallel.threads();
        List<TrainingRun> runs = new ArrayList<>();
        try (Scratch scratch = Scratch.create()) {
            try {
                for (Way way : WAYS) {
                    runs.add(begin.apply(scratch.folder().resolve(way.id)));
                }
                return compare(runs, steps, progress);
            } finally {
                for (TrainingRun run : runs) {
                    run.close();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            Parallel.setThreads(threads);
        }
    }

    private static Results compare(List<TrainingRun> runs, int steps, ObjDoubleConsumer<String> progress) {
        progress.accept("starting processes", 0);
        List<List<StepMetrics>> metrics = new ArrayList<>();
        // snippet: share
        for (int i = 0; i < WAYS.size(); i++) {
            Way way = WAYS.get(i);
            runs.get(i).share(way.ranks(), way.threads());
            metrics.add(new ArrayList<>());
        }
        // end
        for (int step = 0; step < steps; step++) {
            progress.accept("processes and threads", (double) step / steps);
            // snippet: steps
            for (int i = 0; i < WAYS.size(); i++) {
                Parallel.setThreads(WAYS.get(i).threads());
                metrics.get(i).add(runs.get(i).step());
            }
            // end
        }
        progress.accept("processes and threads", 1);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < WAYS.size(); i++) {
            TrainingRun run = runs.get(i);
            rows.add(new Row(
                    WAYS.get(i),
                    metrics.get(i),
                    run.settings().train().batching().tokens(),
                    differing(runs.getFirst().trainer().model().parameters(), run.trainer().model().parameters()),
                    unlike(metrics.getFirst(), metrics.get(i)),
                    (double) run.sharedBytes() / steps,
                    run.gradientFileBytes()));
        }
        return new Results(runs.getFirst().trainer().parameterCount(), rows);
    }

    /** Values with other bits. */
    static long differing(List<Parameter> a, List<Parameter> b) {
        long count = 0;
        for (int i = 0; i < a.size(); i++) {
            Tensor x = a.get(i).value();
            Tensor y = b.get(i).value();
            for (int j = 0; j < x.size(); j++) {
                int bits = Float.floatToRawIntBits(x.array()[x.offset() + j]);
                count += bits == Float.floatToRawIntBits(y.array()[y.offset() + j]) ? 0 : 1;
            }
        }
        return count;
    }

    private static long unlike(List<StepMetrics> a, List<StepMetrics> b) {
        long count = 0;
        for (int i = 0; i < a.size(); i++) {
            boolean same = Double.compare(a.get(i).loss(), b.get(i).loss()) == 0
                    && Double.compare(a.get(i).gradNorm(), b.get(i).gradNorm()) == 0;
            count += same ? 0 : 1;
        }
        return count;
    }
}
