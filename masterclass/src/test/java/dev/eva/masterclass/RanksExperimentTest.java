package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.masterclass.RanksExperiment.Results;
import dev.eva.masterclass.RanksExperiment.Row;
import dev.eva.model.train.TrainingRun;
import dev.eva.tensor.Parallel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RanksExperimentTest {
    private static final int STEPS = 3;

    @TempDir
    Path dir;

    private final List<Path> folders = new ArrayList<>();

    /** @param batches of a step in each way, by its place */
    private Function<Path, TrainingRun> tiny(int... batches) {
        return folder -> {
            try {
                int i = folders.size();
                folders.add(folder);
                return TinyRun.begin(folder, TinyRun.train(STEPS, batches[i % batches.length]));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
    }

    @Test
    void allWaysComeToTheSameBitsAndLeaveNothing() {
        int threads = Parallel.threads();
        Results results = RanksExperiment.run(
                tiny(2), STEPS, (what, share) -> assertThat(share).isBetween(0.0, 1.0));
        assertThat(results.rows()).extracting(Row::way).isEqualTo(RanksExperiment.WAYS);
        assertThat(results.rows()).allSatisfy(r -> {
            assertThat(r.steps()).hasSize(STEPS);
            assertThat(r.weights()).isZero();
            assertThat(r.unlike()).isZero();
            assertThat(r.stepTime().seconds()).hasSize(2);
        });
        long gradient = Float.BYTES * results.parameters();
        Row alone = results.rows().getFirst();
        assertThat(alone.moved()).isZero();
        assertThat(alone.file()).isZero();
        // Of two ranks: the own gradient put, half of both read, half of the sum written, the sum read.
        Row shared = results.rows().getLast();
        assertThat(shared.moved()).isBetween(3.5 * gradient - 12, 3.5 * gradient + 12);
        assertThat(shared.file()).isEqualTo(3 * gradient);
        assertThat(folders).hasSize(3).noneMatch(f -> f.toFile().exists() || f.getParent().toFile().exists());
        assertThat(Parallel.threads()).isEqualTo(threads);
    }

    /** The columns of zeros could be those of a comparison that compares nothing. */
    @Test
    void otherBitsAreSeen() throws IOException {
        try (TrainingRun a = TinyRun.begin(dir.resolve("a"), STEPS);
                TrainingRun b = TinyRun.begin(dir.resolve("b"), STEPS)) {
            var x = a.trainer().model().parameters();
            var y = b.trainer().model().parameters();
            assertThat(RanksExperiment.differing(x, y)).isZero();
            y.getLast().value().array()[y.getLast().value().offset()] += 1;
            assertThat(RanksExperiment.differing(x, y)).isEqualTo(1);
            a.step();
            assertThat(RanksExperiment.differing(x, y)).isGreaterThan(1000);
        }
    }

    @Test
    void whatIsGivenUpLeavesNothing() {
        assertThatThrownBy(() -> RanksExperiment.run(tiny(2), STEPS, (what, share) -> {
                    if (share > 0.5) {
                        throw new CancellationException("enough");
                    }
                }))
                .isInstanceOf(CancellationException.class);
        assertThat(folders).hasSize(3).noneMatch(f -> f.toFile().exists() || f.getParent().toFile().exists());
    }
}
