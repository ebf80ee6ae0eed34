package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    Path dir;

    private static void fill(Path folder, long step, long best) throws IOException {
        Files.writeString(folder.resolve("model.safetensors"), "weights of " + step);
        Json.write(
                folder.resolve("trainer.json"),
                new TrainerState(step, 0, 0, 9, Optional.of(new TrainerState.Best(best, 1.5)), 0, 0));
    }

    private static List<Long> steps(RunFolder run) {
        return RunFolder.checkpoints(run.path()).stream().map(RunFolder::step).toList();
    }

    @Test
    void theLastAndTheBestAreKept() throws IOException {
        try (RunFolder run = RunFolder.create(dir.resolve("run"))) {
            for (long s : new long[] {9, 100, 200, 300, 1_000_000}) {
                run.save(s, p -> fill(p, s, 100));
            }
            run.prune(2, 100);
            assertThat(steps(run)).containsExactly(100L, 300L, 1_000_000L);
            assertThat(run.latest().map(RunFolder::step)).contains(1_000_000L);
            assertThat(RunFolder.step(RunFolder.checkpointOf(run.path()))).isEqualTo(100);
            assertThat(RunFolder.checkpointOf(run.latest().orElseThrow()))
                    .isEqualTo(run.latest().orElseThrow());
        }
    }

    @Test
    void aFailedSaveLeavesWhatWasThere() throws IOException {
        try (RunFolder run = RunFolder.create(dir.resolve("run"))) {
            run.save(1, p -> fill(p, 1, 1));
            assertThatThrownBy(() -> run.save(2, p -> {
                        fill(p, 2, 1);
                        throw new IOException("No space left on device");
                    }))
                    .isInstanceOf(TrainException.class)
                    .hasMessageContaining("step-000002 (earlier checkpoints are untouched): No space left on device");
            assertThat(run.path().resolve("checkpoints")).isDirectoryContaining("glob:**/step-000001");
            assertThat(Files.list(run.path().resolve("checkpoints"))).hasSize(1);
        }
    }

    @Test
    void whatAKilledProcessLeftIsSwept() throws IOException {
        Path path = dir.resolve("run");
        RunFolder.create(path).close();
        Files.writeString(path.resolve("train.json"), "{}");
        Files.createDirectories(path.resolve("checkpoints/.part-step-000007"));
        Files.writeString(path.resolve("checkpoints/.part-step-000007/model.safetensors"), "half");
        try (RunFolder run = RunFolder.open(path)) {
            assertThat(run.latest()).isEmpty();
            assertThat(path.resolve("checkpoints")).isEmptyDirectory();
        }
    }

    @Test
    void aRunIsNeitherOverwrittenNorTrainedTwiceAtATime() throws IOException {
        Path path = dir.resolve("run");
        RunFolder.create(path).close();
        try (RunFolder again = RunFolder.create(path)) {
            assertThatThrownBy(() -> RunFolder.create(path)).hasMessageContaining("another process trains this run");
        }
        assertThatThrownBy(() -> RunFolder.open(path)).hasMessageContaining("no run of eva train");
        assertThatThrownBy(() -> RunFolder.checkpointOf(path)).hasMessageContaining("no checkpoint yet");
        Files.writeString(path.resolve("train.json"), "{}");
        assertThatThrownBy(() -> RunFolder.create(path))
                .hasMessageContaining("holds a run already; go on with --resume");
        Path file = Files.writeString(dir.resolve("file"), "");
        assertThatThrownBy(() -> RunFolder.create(file)).hasMessageContaining("is a file; need a folder");
        assertThatThrownBy(() -> RunFolder.checkpointOf(dir.resolve("none")))
                .hasMessageContaining("no such file or folder");
    }

    @Test
    void discardTakesOnlyItsOwnFiles() throws IOException {
        RunFolder empty = RunFolder.create(dir.resolve("a"));
        empty.discard();
        assertThat(dir.resolve("a")).doesNotExist();
        Path used = Files.createDirectories(dir.resolve("b"));
        Files.writeString(used.resolve("mine.txt"), "mine");
        RunFolder.create(used).discard();
        assertThat(used).isDirectoryContaining("glob:**/mine.txt");
    }
}
