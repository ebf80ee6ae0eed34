package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.text.Corpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps shared by processes against the same steps of one process. */
class RanksTest {
    private static final int STEPS = 4;

    @TempDir
    Path dir;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = Files.writeString(dir.resolve("text.txt"), Tiny.text(120));
    }

    private TrainingRun create(String name, TrainConfig config) {
        return TrainingRun.create(
                dir.resolve(name),
                "tiny",
                Tiny.config().withPredictionLayers(1),
                Corpus.files(List.of(text)),
                "char",
                config);
    }

    private static TrainConfig config(String optimizer, Precision precision, int accumulation) {
        TrainConfig c = Tiny.in(precision, Tiny.train(optimizer, STEPS));
        return Tiny.with(new TrainConfig.Batching(2, 16, accumulation), c);
    }

    private Path run(String name, TrainConfig config, int ranks) throws IOException {
        try (TrainingRun run = create(name, config)) {
            run.share(ranks, 1);
            assertThat(run.ranks()).isEqualTo(ranks);
            assertThat(run.run(Optional.empty(), TrainListener.NONE)).isEqualTo(TrainListener.End.DONE);
            assertThat(run.sharedBytes() > 0).isEqualTo(ranks > 1);
            return run.folder().path();
        }
    }

    /** Without what a clock says. */
    private static List<StepMetrics> steps(Path run) {
        return RunFolder.steps(run).stream()
                .map(m -> new StepMetrics(
                        m.step(),
                        0,
                        m.tokens(),
                        m.loss(),
                        m.mtpLoss(),
                        m.valLoss(),
                        m.lr(),
                        m.gradNorm(),
                        0,
                        m.maxVio(),
                        m.layerMaxVio(),
                        m.skipped(),
                        m.keptBytes(),
                        m.fp8()))
                .toList();
    }

    /** Weights, biases, moments, losses of all kinds, norms, balance and what FP8 rounded: to the last bit. */
    @ParameterizedTest
    @CsvSource({"muon, FP32, 4, 2", "adamw, FP8, 4, 4"})
    void ranksComeToTheBitsOfOneProcess(String optimizer, Precision precision, int accumulation, int ranks)
            throws IOException {
        TrainConfig config = config(optimizer, precision, accumulation);
        Path one = run("one", config, 1);
        Path many = run("many", config, ranks);
        TrainingRunTest.assertSame(one, many);
        assertThat(steps(many)).isEqualTo(steps(one)).hasSize(STEPS);
    }

    /** A run may go on with any number of ranks. */
    @Test
    void aRunGoesOnWithOtherRanks() throws IOException {
        TrainConfig config = config("adamw", Precision.FP32, 2);
        Path one = run("one", config, 1);
        try (TrainingRun run = create("other", config)) {
            run.run(Optional.of(new Budget.Steps(2)), TrainListener.NONE);
        }
        try (TrainingRun run = TrainingRun.resume(dir.resolve("other"))) {
            run.share(2, 1);
            run.run(Optional.empty(), TrainListener.NONE);
        }
        assertSameFiles(one, dir.resolve("other"));
    }

    private static void assertSameFiles(Path run, Path other) throws IOException {
        Path a = RunFolder.checkpoints(run).getLast();
        Path b = RunFolder.checkpoints(other).getLast();
        for (String file : List.of("model.safetensors", "trainer.safetensors")) {
            assertThat(Files.mismatch(a.resolve(file), b.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    /** The steps before are saved, the others end, and the run goes on alone to the bits it would have had. */
    @Test
    void aRankThatIsKilledIsALineAndTheRunIsSaved() throws IOException {
        TrainConfig config = config("adamw", Precision.FP32, 3);
        Path reference = run("reference", config, 1);
        Path path = dir.resolve("killed");
        List<Long> others;
        try (TrainingRun run = create("killed", config)) {
            run.share(3, 1);
            others = run.others();
            assertThat(others).hasSize(2);
            ProcessHandle victim = ProcessHandle.of(others.get(1)).orElseThrow();
            TrainListener kill = new TrainListener() {
                @Override
                public void step(StepMetrics metrics, TrainerState state) {
                    if (metrics.step() == 2) {
                        victim.destroyForcibly();
                        victim.onExit().join();
                    }
                }
            };
            assertThatThrownBy(() -> run.run(Optional.empty(), kill))
                    .isInstanceOf(TrainException.class)
                    .hasMessage("rank 2 has ended, killed by signal 9; the run is saved after step 2, go on with: "
                            + "eva train --resume " + path);
        }
        assertThat(others)
                .allSatisfy(pid -> assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive))
                        .isEmpty());
        assertThat(RunFolder.checkpoints(path).getLast()).hasFileName("step-000002");
        try (TrainingRun run = TrainingRun.resume(path)) {
            run.run(Optional.empty(), TrainListener.NONE);
        }
        assertThat(steps(path)).isEqualTo(steps(reference));
        assertSameFiles(reference, path);
    }

    @Test
    void whatCannotBeSharedIsRefused() throws IOException {
        try (TrainingRun run = create("run", config("adamw", Precision.FP32, 4))) {
            assertThatThrownBy(() -> run.share(3, 1))
                    .hasMessage("ranks: 3; a step has 4 batches (--accumulate), which must be a multiple of it");
            assertThatThrownBy(() -> run.share(0, 1)).hasMessageContaining("ranks: 0");
            assertThat(run.others()).isEmpty();
        }
    }

    /** A process that cannot make its model says why before the first step. */
    @Test
    void aRankThatCannotBeginSaysWhy() throws IOException {
        try (TrainingRun run = create("run", config("adamw", Precision.FP32, 2))) {
            Files.writeString(run.folder().path().resolve(RunFolder.CONFIG), "{}");
            assertThatThrownBy(() -> run.share(2, 1))
                    .isInstanceOf(TrainException.class)
                    .hasMessageContaining("rank 1 has ended, exit code 1: ")
                    .hasMessageContaining(RunFolder.CONFIG);
        }
    }
}
