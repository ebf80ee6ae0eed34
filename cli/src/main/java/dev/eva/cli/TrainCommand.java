package dev.eva.cli;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.TextException;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.train.Budget;
import dev.eva.model.train.RunFolder;
import dev.eva.model.train.RunSample;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainException;
import dev.eva.model.train.TrainListener;
import dev.eva.model.train.TrainPresets;
import dev.eva.model.train.TrainerState;
import dev.eva.model.train.TrainingRun;
import dev.eva.tensor.Parallel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Trains a model, or goes on with a run. Ctrl-C (or a termination signal) ends it after the step in progress with a
 * checkpoint; the exit
 * code is then the signal's, 130 (or 143).
 */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        sortOptions = false,
        header = "Trains a model on text.",
        description = "%nWithout options: the preset shakespeare, which learns to write plays.%n"
                + "Ctrl-C stops after the step in progress with a checkpoint (exit code 130).%n",
        footer = {
            "",
            "Examples:",
            "  eva train",
            "  eva train --minutes 10 --out runs/plays",
            "  eva train --data mytexts/ notes.jsonl --tokenizer byte --steps 5000",
            "  eva train --mtp 1                          and, later, eva generate --speculative",
            "  eva train --preset small --data jdk --minutes 60",
            "  eva train --ranks 2 --accumulate 4         two processes, two batches of every step each",
            "  eva train --resume runs/plays --steps 500"
        })
final class TrainCommand implements Callable<Integer> {
    private static final int DONE = 0;

    @Spec
    private CommandSpec spec;

    @ArgGroup(exclusive = true)
    private Shape shape = new Shape();

    /** Where the model's sizes come from. */
    static final class Shape {
        @Option(
                names = "--preset",
                paramLabel = "NAME",
                description = "Shape of the model: mini, shakespeare (default), " + "shakespeare-bench, small, lite.")
        private String preset;

        @Option(
                names = "--config",
                paramLabel = "FILE",
                description = "Shape of the model: a config.json with Hugging Face's keys.")
        private Path config;
    }

    @Option(
            names = "--data",
            arity = "1..*",
            paramLabel = "TEXT",
            description = "Files, folders, .jsonl with a text field, or "
                    + "shakespeare (default), or jdk (the sources of the running JDK).")
    private List<String> data;

    @Option(
            names = "--tokenizer",
            paramLabel = "WORD",
            description = "char (default), byte, bpe:N (trained on the text, N tokens), or a tokenizer.json.")
    private String tokenizer;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder of the run (default: runs/PRESET, runs/PRESET-2, ...).")
    private Path out;

    @ArgGroup(exclusive = true)
    private Length until = new Length();

    /** How long to train. */
    static final class Length {
        @Option(
                names = "--steps",
                paramLabel = "N",
                description = "Steps to train; with --resume, steps to train further.")
        private Long steps;

        @Option(
                names = "--minutes",
                paramLabel = "M",
                description = "Minutes to train; with --resume, minutes to train further.")
        private Double minutes;

        Optional<Budget> budget() {
            return steps != null
                    ? Optional.of(new Budget.Steps(steps))
                    : Optional.ofNullable(minutes).map(Budget.Minutes::new);
        }
    }

    @ArgGroup(exclusive = false)
    private TrainOptions options = new TrainOptions();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads, of all ranks together (default: one a core); results do not depend on it.")
    private Integer threads;

    @Option(
            names = "--ranks",
            paramLabel = "N",
            defaultValue = "1",
            description = "Data parallel: N processes on this machine share the batches of a step (--accumulate, a "
                    + "multiple of N), to the bits of one process. Each needs the memory of one.")
    private int ranks;

    @Option(
            names = "--resume",
            paramLabel = "RUN",
            description = "Go on with this run, to its end or as much further as given.")
    private Path resume;

    @Mixin
    private DeviceOption device;

    @Override
    public Integer call() throws IOException {
        device.apply();
        if (ranks < 1) {
            throw new ParameterException(spec.commandLine(), "--ranks: " + ranks + "; need at least 1");
        }
        int all = threads == null ? Parallel.threads() : threads;
        int others = Math.max(1, all / ranks);
        usage(() -> {
            // What does not divide is this process's, which also evaluates.
            Parallel.setThreads(Math.min(all, Math.max(1, all - (ranks - 1) * others)));
            return all;
        });
        try (TrainingRun run = resume == null ? begin() : goOn()) {
            return train(run, others);
        }
    }

    private TrainingRun begin() {
        String name = shape.config != null
                ? shape.config.getFileName().toString().replaceFirst("\\.json$", "")
                : shape.preset == null ? "shakespeare" : shape.preset;
        TrainConfig train = usage(() -> options.over(TrainPresets.byName(name), until.budget(), ranks));
        usage(() -> train.batching().each(ranks));
        DeepSeekConfig base = shape.config != null
                ? ConfigJson.read(shape.config, ConfigJson.Mode.STRICT)
                : usage(() -> Presets.byName(name))
                        // trained from scratch, a model knows the positions that it has seen and no others
                        .withMaxPositionEmbeddings(train.batching().length());
        DeepSeekConfig model = usage(() -> options.shape(base));
        String ids = tokenizer == null ? Tokenizers.types().getFirst() : tokenizer;
        usage(() -> {
            Tokenizers.check(ids);
            return ids;
        });
        Corpus corpus = Corpus.of(data == null ? TrainPresets.defaultData() : data);
        corpus.notices().forEach(spec.commandLine().getErr()::println);
        BpeProgress progress = new BpeProgress(spec.commandLine().getErr());
        TrainingRun run =
                TrainingRun.create(out == null ? freeFolder(name) : out, name, model, corpus, ids, train, progress);
        progress.done();
        return run;
    }

    /** {@code runs/NAME}, or the first of {@code runs/NAME-2, runs/NAME-3, ...} that holds no run. */
    private static Path freeFolder(String name) {
        Path path = Path.of("runs", name);
        for (int i = 2; Files.exists(path); i++) {
            path = Path.of("runs", name + "-" + i);
        }
        return path;
    }

    /** A value that the user gave and that makes no sense is wrong usage. */
    private <T> T usage(Supplier<T> value) {
        try {
            return value.get();
        } catch (IllegalArgumentException | TrainException | TextException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private TrainingRun goOn() {
        if (shape.preset != null
                || shape.config != null
                || data != null
                || tokenizer != null
                || out != null
                || options.any()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--resume goes on with what the run was started with; only --steps, --minutes, --threads, "
                            + "--ranks and --device may be given");
        }
        return TrainingRun.resume(resume);
    }

    /** @param others threads of each other rank */
    private int train(TrainingRun run, int others) throws IOException {
        PrintWriter print = spec.commandLine().getOut();
        TrainerState before = run.trainer().state();
        Optional<Budget> further = resume == null ? Optional.empty() : usage(until::budget);
        if (further.isEmpty() && before.totalSteps() > 0 && before.step() >= before.totalSteps()) {
            print.println("the run has all its " + before.totalSteps()
                    + " steps; train further with: eva train --resume " + resume + " --steps 500");
            return DONE;
        }
        usage(() -> run.settings().train().batching().each(ranks));
        try (Interruption interruption = new Interruption(run::stop, Long.MAX_VALUE)) {
            run.share(ranks, others);
            TrainListener.End end = run.run(further, new TrainProgress(run, further, print));
            report(run, end, print);
            assert end == TrainListener.End.DONE || interruption.asked();
            return end == TrainListener.End.DONE ? DONE : Interruption.CODE;
        } finally {
            print.flush();
        }
    }

    private void report(TrainingRun run, TrainListener.End end, PrintWriter print) {
        Path path = run.folder().path();
        if (end == TrainListener.End.STOPPED) {
            print.println("go on with: eva train --resume " + path);
            return;
        }
        print.println();
        print.println(RunSample.of(run));
        print.println();
        TrainerState state = run.trainer().state();
        state.best()
                .ifPresent(b -> print.printf(
                        Locale.ROOT, "best validation loss %.4f nats a token, after step %d%n", b.loss(), b.step()));
        if (state.skipped() > 0) {
            print.printf(Locale.ROOT, "%d steps were skipped: loss or gradient not finite%n", state.skipped());
        }
        print.println("run          " + path);
        print.println("checkpoint   " + RunFolder.checkpointOf(path));
        print.println("curves       " + path.resolve("metrics.png") + ", " + path.resolve("metrics.jsonl")
                + ", tensorboard --logdir " + path);
        print.println("next:");
        print.println("  eva generate " + path + " --prompt \""
                + RunSample.prompt(run).strip() + "\"");
        print.println("  eva train --resume " + path + " --steps 500");
    }
}
