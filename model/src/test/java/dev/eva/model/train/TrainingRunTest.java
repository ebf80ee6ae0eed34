package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.text.Corpus;
import dev.eva.model.text.Tokenizers;
import dev.eva.nn.Parameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingRunTest {
    private static final int STEPS = 24;

    @TempDir
    Path dir;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = Files.writeString(dir.resolve("text.txt"), Tiny.text(120));
    }

    /** Stops a run after the first step that fits. */
    private record StopAt(TrainingRun run, LongPredicate step) implements TrainListener {
        @Override
        public void step(StepMetrics metrics, TrainerState state) {
            if (step.test(metrics.step())) {
                run.stop();
            }
        }
    }

    private TrainingRun create(String name, TrainConfig config) {
        return TrainingRun.create(
                dir.resolve(name), "tiny", Tiny.config(), Corpus.files(List.of(text)), "char", config);
    }

    @Test
    void aTokenizerIsTrainedOnTheTextAndGoesWithTheRun() throws IOException {
        try (TrainingRun run = TrainingRun.create(
                dir.resolve("bpe"),
                "tiny",
                Tiny.config(),
                Corpus.files(List.of(text)),
                "bpe:270",
                Tiny.train("muon", 2))) {
            run.run(Optional.empty(), TrainListener.NONE);
            assertThat(run.tokenizer().vocabSize()).isBetween(257, 270);
        }
        try (TrainingRun run = TrainingRun.resume(dir.resolve("bpe"))) {
            assertThat(run.run(Optional.of(new Budget.Steps(1)), TrainListener.NONE))
                    .isEqualTo(TrainListener.End.DONE);
            assertThat(Tokenizers.load(run.checkpoints().getLast()).fingerprint())
                    .isEqualTo(run.tokenizer().fingerprint());
        }
        try (TrainingRun run = TrainingRun.create(
                dir.resolve("file"),
                "tiny",
                Tiny.config(),
                Corpus.files(List.of(text)),
                dir.resolve("bpe").toString(),
                Tiny.train("muon", 2))) {
            assertThat(run.tokenizer().fingerprint())
                    .isEqualTo(Tokenizers.load(dir.resolve("bpe")).fingerprint());
        }
    }

    private Path whole(String name, String optimizer) throws IOException {
        return whole(name, Tiny.train(optimizer, STEPS));
    }

    private Path whole(String name, TrainConfig config) throws IOException {
        try (TrainingRun run = create(name, config)) {
            assertThat(run.run(Optional.empty(), TrainListener.NONE)).isEqualTo(TrainListener.End.DONE);
            return run.folder().path();
        }
    }

    /** What is trained beside a run, with its settings, has its losses to the last bit; another balance has others. */
    @Test
    void aTrainerBesideARunRepeatsIt() throws IOException {
        TrainConfig config = Tiny.train("muon", 6);
        try (TrainingRun run = create("run", config)) {
            run.run(Optional.empty(), TrainListener.NONE);
            List<StepMetrics> steps = RunFolder.steps(run.folder().path());
            Trainer same = run.beside(config);
            Trainer other = run.beside(config.withBalance(new TrainConfig.Balance(0, 0)));
            assertThat(steps).hasSize(6);
            boolean differs = false;
            for (StepMetrics m : steps) {
                StepMetrics again = same.step();
                assertThat(again.loss()).isEqualTo(m.loss());
                assertThat(again.layerMaxVio()).isEqualTo(m.layerMaxVio()).hasSize(1);
                boolean unlike = other.step().loss() != m.loss();
                assertThat(unlike && m.step() == 1).isFalse();
                differs |= unlike;
            }
            assertThat(differs).isTrue();
        }
    }

    /** The last checkpoints are equal to the last bit, times apart. */
    static void assertSame(Path a, Path b) throws IOException {
        Path x = RunFolder.checkpoints(a).getLast();
        Path y = RunFolder.checkpoints(b).getLast();
        assertThat(y.getFileName()).isEqualTo(x.getFileName());
        for (String file : List.of("model.safetensors", "trainer.safetensors", "config.json", "tokenizer.json")) {
            assertThat(Files.mismatch(x.resolve(file), y.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
        TrainerState s =
                Json.read(x.resolve("trainer.json"), TrainerState.class).withSeconds(0);
        assertThat(Json.read(y.resolve("trainer.json"), TrainerState.class).withSeconds(0))
                .isEqualTo(s);
        assertThat(losses(b)).isEqualTo(losses(a));
        assertThat(RunFolder.checkpoints(b).stream().map(Path::getFileName).toList())
                .isEqualTo(
                        RunFolder.checkpoints(a).stream().map(Path::getFileName).toList());
    }

    private static List<String> losses(Path run) throws IOException {
        return MetricsLog.read(run.resolve("metrics.jsonl")).stream()
                .map(m -> m.step() + " " + m.tokens() + " " + m.loss() + " " + m.valLoss() + " " + m.lr() + " "
                        + m.gradNorm())
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"adamw, FP32", "muon, FP32", "adamw, FP8"})
    void aRunThatWasStoppedGoesOnToTheSameBits(String optimizer, Precision precision) throws IOException {
        TrainConfig config = Tiny.in(precision, Tiny.train(optimizer, STEPS));
        Path reference = whole("reference", config);
        TrainingRun first = create("stopped", config);
        try (first) {
            assertThat(first.run(Optional.empty(), new StopAt(first, s -> s == 9)))
                    .isEqualTo(TrainListener.End.STOPPED);
        }
        Path path = dir.resolve("stopped");
        assertThat(RunFolder.checkpoints(path).getLast().getFileName()).hasToString("step-000009");
        try (TrainingRun run = TrainingRun.resume(path)) {
            assertThat(run.run(Optional.of(new Budget.Steps(4)), TrainListener.NONE))
                    .isEqualTo(TrainListener.End.DONE);
        }
        // A process that was killed later has logged more than it saved.
        Files.writeString(
                path.resolve("metrics.jsonl"),
                Files.readString(path.resolve("metrics.jsonl")) + MetricsLog.line(MetricsLogTest.metrics(14))
                        + "{\"step\": 1");
        try (TrainingRun run = TrainingRun.resume(path)) {
            assertThat(run.run(Optional.empty(), TrainListener.NONE)).isEqualTo(TrainListener.End.DONE);
        }
        List<String> same = losses(reference);
        // The pause at step 13 was an end, and ends are evaluated.
        assertThat(losses(path).stream().filter(l -> !l.startsWith("13 ")).toList())
                .isEqualTo(same.stream().filter(l -> !l.startsWith("13 ")).toList());
        Path a = RunFolder.checkpoints(reference).getLast();
        Path b = RunFolder.checkpoints(path).getLast();
        for (String file : List.of("model.safetensors", "trainer.safetensors")) {
            assertThat(Files.mismatch(a.resolve(file), b.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    @Test
    void theFolderHoldsWhatIsPromised() throws IOException {
        Path run = whole("run", "muon");
        for (String file :
                List.of("config.json", "train.json", "tokenizer.json", "tokens.bin", "metrics.jsonl", "metrics.png")) {
            assertThat(run.resolve(file)).as(file).isNotEmptyFile();
        }
        assertThat(run.resolve("tensorboard")).isNotEmptyDirectory();
        List<StepMetrics> metrics = MetricsLog.read(run.resolve("metrics.jsonl"));
        assertThat(metrics.stream().map(StepMetrics::step).toList())
                .isEqualTo(LongStream.rangeClosed(1, STEPS).boxed().toList());
        assertThat(metrics.stream().filter(m -> m.valLoss().isPresent()).map(StepMetrics::step))
                .containsExactly(10L, 20L, 24L);
        Path best = RunFolder.checkpointOf(run);
        double least = metrics.stream()
                .flatMapToDouble(m -> m.valLoss().stream())
                .min()
                .orElseThrow();
        TrainerState state =
                Json.read(RunFolder.checkpoints(run).getLast().resolve("trainer.json"), TrainerState.class);
        assertThat(state.best().orElseThrow().loss()).isEqualTo(least);
        assertThat(RunFolder.step(best)).isEqualTo(state.best().orElseThrow().step());
        assertThat(RunFolder.checkpoints(run).size()).isBetween(2, 3);
    }

    @Test
    void stepsBeyondTheScheduleStayAtItsLastRate() throws IOException {
        Path path = whole("run", "adamw");
        try (TrainingRun run = TrainingRun.resume(path)) {
            run.run(Optional.of(new Budget.Steps(3)), TrainListener.NONE);
        }
        List<StepMetrics> metrics = MetricsLog.read(path.resolve("metrics.jsonl"));
        assertThat(metrics).hasSize(STEPS + 3);
        assertThat(metrics.getLast().lr()).isBetween(2.9e-4, 3.1e-4);
    }

    @Test
    void minutesDecideTheStepsOnceAndTheRestIsReproducible() throws IOException {
        TrainConfig c = Tiny.train("adamw", 1);
        TrainConfig minutes = new TrainConfig(
                c.batching(),
                new Budget.Minutes(0.03),
                c.optimizer(),
                c.schedule(),
                c.clip(),
                c.balance(),
                c.mtp(),
                c.precision(),
                c.validation(),
                new TrainConfig.Saving(1000, 1000, 1),
                c.maxSkipped(),
                c.seed());
        List<Long> decided = new ArrayList<>();
        try (TrainingRun run = create("minutes", minutes)) {
            run.run(Optional.empty(), new TrainListener() {
                @Override
                public void decided(long totalSteps) {
                    decided.add(totalSteps);
                }
            });
            assertThat(decided).hasSize(1);
            assertThat(run.trainer().state().step()).isEqualTo(decided.getFirst());
            assertThat(run.totalSteps()).hasValue(decided.getFirst());
        }
        StepMetrics last = MetricsLog.read(dir.resolve("minutes/metrics.jsonl")).getLast();
        long total = decided.getFirst();
        double rate = c.schedule()
                .schedule(c.optimizer().lr(), OptionalLong.of(total))
                .at(total - 1);
        assertThat((float) last.lr()).isEqualTo((float) rate);
        assertThat(last.valLoss()).isPresent();
    }

    @Test
    void severalSkippedStepsInARowStopTheRunWithTheCheckpointOfBefore() throws IOException {
        try (TrainingRun run = create("bad", Tiny.train("muon", STEPS))) {
            List<Long> skipped = new ArrayList<>();
            assertThatThrownBy(() -> run.run(Optional.empty(), new TrainListener() {
                        @Override
                        public void gradients(long step, List<Parameter> parameters) {
                            if (step == 4 || step >= 9) {
                                parameters.getFirst().value().gradOrZeros().fill(Float.NaN);
                            }
                        }

                        @Override
                        public void skipped(long step, double loss, double gradNorm, int inARow) {
                            skipped.add(step);
                        }
                    }))
                    .isInstanceOf(TrainException.class)
                    .hasMessageContaining("3 steps in a row, the last 11")
                    .hasMessageContaining("step-000007");
            assertThat(skipped).containsExactly(4L, 9L, 10L, 11L);
        }
        assertThat(RunFolder.checkpoints(dir.resolve("bad")).getLast().getFileName())
                .hasToString("step-000007");
        try (TrainingRun run = TrainingRun.resume(dir.resolve("bad"))) {
            assertThat(run.run(Optional.empty(), TrainListener.NONE)).isEqualTo(TrainListener.End.DONE);
            assertThat(run.trainer().state().skipped()).isEqualTo(1);
        }
    }

    @Test
    void aRunNeedsItsTextAndEnoughOfIt() throws IOException {
        Path path = whole("run", "adamw");
        Files.writeString(text, Tiny.text(121));
        assertThatThrownBy(() -> TrainingRun.resume(path))
                .hasMessageContaining("text.txt has changed since the run began");
        Files.delete(text);
        assertThatThrownBy(() -> TrainingRun.resume(path)).hasMessageContaining("text.txt: no such file");
        Files.writeString(text, "too short");
        assertThatThrownBy(() -> create("short", Tiny.train("adamw", 3)))
                .hasMessageContaining("a block needs at least 17");
        assertThat(dir.resolve("short")).doesNotExist();
        assertThatThrownBy(() -> create("run", Tiny.train("adamw", 3))).hasMessageContaining("holds a run already");
        assertThatThrownBy(() -> TrainingRun.resume(dir)).hasMessageContaining("no run of eva train");
    }

    /** A process that trains the run of the arguments: folder, text. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) throws IOException {
            Path path = Path.of(args[0]);
            TrainingRun run = Files.exists(path.resolve("train.json"))
                    ? TrainingRun.resume(path)
                    : TrainingRun.create(
                            path,
                            "tiny",
                            Tiny.config(),
                            Corpus.files(List.of(Path.of(args[1]))),
                            "char",
                            Tiny.train("muon", STEPS));
            try (run) {
                run.run(Optional.empty(), new TrainListener() {
                    @Override
                    public void step(StepMetrics m, TrainerState state) {
                        System.out.println(m.step());
                    }
                });
            }
        }
    }

    @Test
    @Tag("slow")
    void killedAtAnyStepItGoesOnToTheSameBits() throws IOException, InterruptedException {
        Path reference = whole("reference", "muon");
        Path path = dir.resolve("killed");
        // Before the first checkpoint, right after one, between two, near the end; the last one runs through.
        for (long killAt : new long[] {3, 7, 12, 22, Long.MAX_VALUE}) {
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            "-Djava.awt.headless=true",
                            "--add-modules=jdk.incubator.vector",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Child.class.getName(),
                            path.toString(),
                            text.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (var steps = child.inputReader()) {
                for (String line = steps.readLine(); line != null; line = steps.readLine()) {
                    if (Long.parseLong(line) >= killAt) {
                        child.destroyForcibly();
                        break;
                    }
                }
            }
            assertThat(child.waitFor()).isEqualTo(killAt == Long.MAX_VALUE ? 0 : 137);
        }
        assertSame(reference, path);
    }
}
