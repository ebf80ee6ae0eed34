package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.Parallel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RoomToCompileTest {
    private final int before = Parallel.threads();

    @AfterEach
    void threads() {
        Parallel.setThreads(before);
    }

    @Test
    void aCoreIsFreeForFourSteps() {
        Parallel.setThreads(3);
        try (RoomToCompile room = RoomToCompile.begin(false, 3)) {
            for (int step = 1; step <= 6; step++) {
                assertThat(Parallel.threads()).isEqualTo(step <= 4 ? 2 : 3);
                room.stepped();
            }
        }
        assertThat(Parallel.threads()).isEqualTo(3);
    }

    @Test
    void aShorterRunGivesTheThreadsBack() {
        Parallel.setThreads(2);
        try (RoomToCompile room = RoomToCompile.begin(false, 2)) {
            room.stepped();
            assertThat(Parallel.threads()).isEqualTo(1);
        }
        assertThat(Parallel.threads()).isEqualTo(2);
    }

    @Test
    void fewThreadsOrAWarmProcessAreLeftAlone() {
        for (int[] c : new int[][] {{1, 1}, {2, 16}, {3, 4}}) {
            Parallel.setThreads(c[0]);
            try (RoomToCompile room = RoomToCompile.begin(false, c[1])) {
                assertThat(Parallel.threads()).isEqualTo(c[0]);
            }
        }
        Parallel.setThreads(2);
        try (RoomToCompile room = RoomToCompile.begin(true, 2)) {
            assertThat(Parallel.threads()).isEqualTo(2);
        }
    }
}
