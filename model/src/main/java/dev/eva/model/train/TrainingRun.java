package dev.eva.model.train;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.CorpusScan;
import dev.eva.model.text.TokenFile;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.text.bpe.BpeTrainer;
import dev.eva.model.train.ranks.RankException;
import dev.eva.model.train.ranks.Ranks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A training run with its folder: begins or goes on, steps, evaluates, logs, saves.
 *
 * <p>A run that goes on has the very bits of one that was never interrupted: parameters, optimizer, routing biases,
 * schedule, order of the
 * data and best loss. Killed at any moment, it goes on from its newest checkpoint, or from the beginning if it had
 * none yet.
 */
public final class TrainingRun implements AutoCloseable {
    /** Tokens that are held out at most. */
    static final long MAX_VALIDATION = 1 << 17;

    private final RunFolder folder;
    private final RunSettings settings;
    private final Tokenizer tokenizer;
    private final TokenFile tokens;
    private final Trainer trainer;
    private long savedStep;
    private Ranks ranks;
    private volatile boolean stop;

    /** What a run is made from. */
    private record Text(Corpus corpus, CorpusScan scan, Tokenizer tokenizer) {}

    private TrainingRun(RunFolder folder, RunSettings settings, Text text, TokenFile tokens, Trainer trainer) {
        this.folder = folder;
        this.settings = settings;
        this.tokenizer = text.tokenizer;
        this.tokens = tokens;
        this.trainer = trainer;
        this.savedStep = trainer.state().step();
    }

    /** As the other, without looking on while a tokenizer is trained. */
    public static TrainingRun create(
            Path path, String name, DeepSeekConfig model, Corpus corpus, String tokenizer, TrainConfig train) {
        return create(path, name, model, corpus, tokenizer, train, BpeTrainer.Progress.NONE);
    }

    /**
     * Begins a run in a new folder.
     *
     * @param model the shape; its vocabulary becomes the tokenizer's
     * @param name the shape's name, for the record
     * @param tokenizer what {@link Tokenizers#create} takes
     * @param progress sees the tokenizer being trained
     * @throws TrainException if the folder holds a run already or the text is too short
     */
    public static TrainingRun create(
            Path path,
            String name,
            DeepSeekConfig model,
            Corpus corpus,
            String tokenizer,
            TrainConfig train,
            BpeTrainer.Progress progress) {
        Tokenizers.check(tokenizer);
        CorpusScan scan = CorpusScan.of(corpus);
        Text text = new Text(corpus, scan, Tokenizers.create(tokenizer, corpus, scan, progress));
        RunSettings settings = new RunSettings(name, corpus.source(), scan.hash(), tokenizer, train);
        DeepSeekConfig config = model.withVocabSize(text.tokenizer.vocabSize());
        RunFolder folder = RunFolder.create(path);
        try {
            TokenFile tokens = TokenFile.open(folder.tokens(), corpus, scan, text.tokenizer);
            Fp8Watch fp8 = new Fp8Watch(train.precision());
            Trainer trainer = new Trainer(FreshModel.of(config, train, fp8), train, split(tokens, train), fp8);
            ConfigJson.write(config, folder.config());
            Tokenizers.save(text.tokenizer, path);
            // Last: a folder with this file is a run.
            Json.write(folder.settings(), settings);
            return new TrainingRun(folder, settings, text, tokens, trainer);
        } catch (IOException e) {
            throw discard(folder, TrainException.of(path + ": cannot be written", e));
        } catch (RuntimeException e) {
            throw discard(folder, e);
        }
    }

    private static RuntimeException discard(RunFolder folder, RuntimeException failure) {
        try {
            folder.discard();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    /**
     * Opens a run to go on with it.
     *
     * @throws TrainException if it is no run, or its text has changed
     */
    public static TrainingRun resume(Path path) {
        RunFolder folder = RunFolder.open(path);
        try {
            RunSettings settings = RunSettings.read(folder.settings());
            Corpus corpus = Corpus.of(settings.data());
            CorpusScan scan = CorpusScan.of(corpus);
            if (!scan.hash().equals(settings.textHash())) {
                throw new TrainException("resume " + path + ": the text of " + corpus.name()
                        + " has changed since the run began; need the same text, or a new run");
            }
            Text text = new Text(corpus, scan, Tokenizers.load(path));
            TokenFile tokens = TokenFile.open(folder.tokens(), corpus, scan, text.tokenizer);
            TrainConfig train = settings.train();
            Optional<Path> latest = folder.latest();
            Fp8Watch fp8 = new Fp8Watch(train.precision());
            DeepSeekModel model = latest.isPresent()
                    ? Checkpoint.load(latest.get(), fp8)
                    : FreshModel.of(ConfigJson.read(folder.config()), train, fp8);
            Trainer trainer = new Trainer(model, train, split(tokens, train), fp8);
            latest.ifPresent(trainer::restore);
            return new TrainingRun(folder, settings, text, tokens, trainer);
        } catch (IOException e) {
            throw close(folder, TrainException.of("resume " + path, e));
        } catch (RuntimeException e) {
            throw close(folder, e);
        }
    }

    private static RuntimeException close(RunFolder folder, RuntimeException failure) {
        try {
            folder.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    /** A large text does not hold out more than can be evaluated often. */
    static TokenFile.Split split(TokenFile tokens, TrainConfig train) {
        return tokens.split(Math.min(train.validation(), (double) MAX_VALIDATION / tokens.size()));
    }

    public RunFolder folder() {
        return folder;
    }

    public RunSettings settings() {
        return settings;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Trainer trainer() {
        return trainer;
    }

    /** The text's tokens. */
    public TokenFile.Split text() {
        return split(tokens, settings.train());
    }

    /**
     * A trainer of fresh weights on the run's text that writes nothing, before its first step: what the run would have
     * been with other settings. With the run's own it repeats the run's first steps to the last bit.
     */
    public Trainer beside(TrainConfig train) {
        return beside(trainer.model().config(), train);
    }

    /** The same with a model of another shape for the same tokens. */
    public Trainer beside(DeepSeekConfig shape, TrainConfig train) {
        Fp8Watch fp8 = new Fp8Watch(train.precision());
        return new Trainer(FreshModel.of(shape.withVocabSize(tokenizer.vocabSize()), train, fp8), train, text(), fp8);
    }

    /**
     * Trains from here on with other processes, which are started: each takes as many micro-batches of every step, and
     * the run comes to the very bits that it would come to alone. They end with it.
     *
     * @param size processes, this one included; micro-batches of a step must be a multiple of it
     * @param threads of each of the others
     * @throws IllegalArgumentException if they are none
     * @throws TrainException if a process cannot be started
     */
    public void share(int size, int threads) {
        settings.train().batching().each(size);
        if (size == 1) {
            return;
        }
        try {
            ranks = Ranks.start(
                    size,
                    trainer.parameterCount(),
                    RankWorker.class,
                    r -> List.of(folder.path().toString(), Integer.toString(threads)));
            trainer.share(ranks);
            for (double[] step : ranks.gather(trainer.state().step())) {
                if (step[0] != trainer.state().step()) {
                    throw new TrainException("ranks: one begins after step " + (long) step[0] + ", this one after step "
                            + trainer.state().step());
                }
            }
        } catch (RankException e) {
            throw new TrainException(e.getMessage(), e);
        }
    }

    /** Asks the run to end after the step in progress, with a checkpoint. From any thread. */
    public void stop() {
        stop = true;
    }

    /**
     * Trains to the end of the schedule, or for as much further as asked; the rate beyond the schedule's end stays at
     * its last value.
     *
     * @throws TrainException if too many steps in a row were skipped; the last checkpoint is of before
     */
    public TrainListener.End run(Optional<Budget> further, TrainListener listener) {
        Clock clock = new Clock(trainer, further);
        try (RunRecord record = RunRecord.open(folder, settings, trainer.state().step(), listener);
                RoomToCompile room = RoomToCompile.begin()) {
            listener.started(folder, trainer.state());
            while (!stop && !clock.done()) {
                try {
                    one(clock, record, listener);
                    room.stepped();
                } catch (RankException e) {
                    throw alone(e, record, listener);
                }
            }
            if (savedStep < trainer.state().step()) {
                save(record, listener);
            }
            record.picture(true);
            TrainListener.End end = clock.done() ? TrainListener.End.DONE : TrainListener.End.STOPPED;
            listener.finished(end, trainer.state());
            return end;
        } catch (IOException e) {
            throw TrainException.of(folder.path() + ": cannot be written", e);
        }
    }

    /** A rank is lost in the middle of a step: what there was before it is saved. */
    private TrainException alone(RankException e, RunRecord record, TrainListener listener) throws IOException {
        long step = trainer.state().step();
        if (savedStep < step) {
            save(record, listener);
        }
        record.picture(true);
        return new TrainException(
                e.getMessage() + "; " + (step == 0 ? "no step was done" : "the run is saved after step " + step)
                        + ", go on with: eva train --resume " + folder.path(),
                e);
    }

    /**
     * One step that writes nothing, with the other ranks where there are any: to measure.
     *
     * @throws TrainException if a rank has ended; the run is then of no more use
     */
    public StepMetrics step() {
        try {
            return step(TrainListener.NONE);
        } catch (RankException e) {
            throw new TrainException(e.getMessage(), e);
        }
    }

    private StepMetrics step(TrainListener listener) {
        if (ranks != null) {
            ranks.begin(trainer.state().totalSteps());
        }
        return trainer.step(listener);
    }

    private void one(Clock clock, RunRecord record, TrainListener listener) throws IOException {
        int sequences = trainer.config().batching().sequences(trainer.state().tokens());
        long seen = trainer.state().tokens();
        StepMetrics metrics = step(listener);
        long step = metrics.step();
        clock.stepped(sequences, (metrics.tokens() - seen) / metrics.tokensPerS());
        if (metrics.skipped()) {
            skipped(metrics, listener);
        }
        boolean best = false;
        // Where a step was skipped, the weights are those of before: nothing new to look at, nothing to save.
        boolean changed = !metrics.skipped();
        if (clock.done() || changed && step % trainer.config().saving().evalEvery() == 0) {
            long start = System.nanoTime();
            OptionalDouble loss = trainer.evaluate();
            clock.paused((System.nanoTime() - start) * 1e-9);
            if (loss.isPresent()) {
                best = isBest(loss.getAsDouble());
                metrics = metrics.withValLoss(loss.getAsDouble());
                listener.evaluated(step, loss.getAsDouble(), best);
            }
        }
        clock.tick().ifPresent(listener::decided);
        record.add(metrics);
        listener.step(metrics, trainer.state());
        if (best || changed && step % trainer.config().saving().checkpointEvery() == 0) {
            save(record, listener);
        }
    }

    private boolean isBest(double loss) {
        TrainerState state = trainer.state();
        boolean best = Double.isFinite(loss)
                && (state.best().isEmpty() || loss < state.best().get().loss());
        if (best) {
            trainer.state(state.withBest(loss));
        }
        return best;
    }

    private void skipped(StepMetrics m, TrainListener listener) {
        int inARow = trainer.state().consecutiveSkips();
        listener.skipped(m.step(), m.loss(), m.gradNorm(), inARow);
        if (inARow >= trainer.config().maxSkipped()) {
            String kept =
                    folder.latest().map(p -> "the last checkpoint is " + p).orElse("there is no checkpoint yet");
            throw new TrainException("train: the loss or the gradient of " + inARow + " steps in a row, the last "
                    + m.step() + ", is not finite; stopped, " + kept + "; try a lower --lr");
        }
    }

    private void save(RunRecord record, TrainListener listener) throws IOException {
        long step = trainer.state().step();
        Path path = folder.save(step, part -> {
            Checkpoint.save(trainer.model(), part);
            Tokenizers.save(tokenizer, part);
            trainer.save(part);
        });
        savedStep = step;
        folder.prune(
                trainer.config().saving().keepLast(),
                trainer.state().best().map(TrainerState.Best::step).orElse(-1L));
        record.picture(false);
        listener.checkpoint(step, path);
    }

    /** Checkpoints of the run by rising step. */
    public List<Path> checkpoints() {
        return RunFolder.checkpoints(folder.path());
    }

    /** Steps that the run will have when it ends on its own, if that is decided. */
    public OptionalLong totalSteps() {
        long total = trainer.state().totalSteps();
        return total == 0 ? OptionalLong.empty() : OptionalLong.of(total);
    }

    /** Processes that share the steps, this one included. */
    public int ranks() {
        return ranks == null ? 1 : ranks.size();
    }

    /** Process ids of the others. */
    public List<Long> others() {
        return ranks == null ? List.of() : ranks.pids();
    }

    /** Bytes that this process has written into memory shared with other ranks, and read from it. */
    public long sharedBytes() {
        return ranks == null ? 0 : ranks.movedBytes();
    }

    /** Length of the file of gradients that all ranks map: one of each rank, and their sum. */
    public long gradientFileBytes() {
        return ranks == null ? 0 : ranks.fileBytes();
    }

    @Override
    public void close() throws IOException {
        if (ranks != null) {
            ranks.close();
        }
        tokens.close();
        folder.close();
    }
}
