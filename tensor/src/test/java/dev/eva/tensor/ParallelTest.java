package dev.eva.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParallelTest {
    private final int before = Parallel.threads();

    @AfterEach
    void restoreThreads() {
        Parallel.setThreads(before);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyIndexRunsOnce(int threads) {
        Parallel.setThreads(threads);
        assertThat(Parallel.threads()).isEqualTo(threads);
        for (int n : new int[] {0, 1, 2, 7, 1000}) {
            AtomicIntegerArray count = new AtomicIntegerArray(n);
            for (int turn = 0; turn < 200; turn++) {
                Parallel.run(n, count::incrementAndGet);
            }
            for (int i = 0; i < n; i++) {
                assertThat(count.get(i)).isEqualTo(200);
            }
        }
    }

    @Test
    void severalThreadsTakePart() {
        Parallel.setThreads(3);
        AtomicReference<Thread> other = new AtomicReference<>();
        Thread caller = Thread.currentThread();
        Parallel.run(2, i -> {
            if (Thread.currentThread() != caller) {
                other.set(Thread.currentThread());
            }
            while (Thread.currentThread() == caller && other.get() == null) {
                Thread.onSpinWait();
            }
        });
        assertThat(other.get()).isNotNull();
    }

    @Test
    void rangesAreCutBySizesAlone() {
        for (int threads = 1; threads <= 3; threads++) {
            Parallel.setThreads(threads);
            List<String> parts = new ArrayList<>();
            Parallel.range(10, 4, (from, to) -> {
                synchronized (parts) {
                    parts.add(from + "-" + to);
                }
            });
            assertThat(parts).containsExactlyInAnyOrder("0-4", "4-8", "8-10");
        }
        Parallel.range(0, 4, (from, to) -> {
            throw new AssertionError("an empty range has no parts");
        });
    }

    @Test
    void rowsAndColumnsCoverAllOfThem() {
        int[] widths = {0, 1, 17, 100_000};
        for (int width : widths) {
            AtomicIntegerArray count = new AtomicIntegerArray(1000);
            Parallel.rows(1000, width, (from, to) -> {
                for (int i = from; i < to; i++) {
                    count.incrementAndGet(i);
                }
            });
            Parallel.columns(width, 1000, (from, to) -> {
                for (int i = from; i < to; i++) {
                    count.incrementAndGet(i);
                }
            });
            for (int i = 0; i < 1000; i++) {
                assertThat(count.get(i)).isEqualTo(2);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anExceptionOfATaskIsThrownAndTheNextLoopRuns(int threads) {
        Parallel.setThreads(threads);
        for (int bad : new int[] {0, 5, 49}) {
            assertThatThrownBy(() -> Parallel.run(50, i -> {
                        if (i == bad) {
                            throw new IllegalArgumentException("task " + i);
                        }
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("task " + bad);
        }
        assertThatThrownBy(() -> Parallel.run(4, i -> {
                    throw new StackOverflowError();
                }))
                .isInstanceOf(StackOverflowError.class);
        everyIndexRunsOnce(threads);
    }

    @Test
    void aLoopInsideATaskStaysOnItsThread() {
        Parallel.setThreads(3);
        AtomicIntegerArray count = new AtomicIntegerArray(12);
        Parallel.run(4, i -> {
            Thread mine = Thread.currentThread();
            Parallel.run(3, j -> {
                assertThat(Thread.currentThread()).isSameAs(mine);
                count.incrementAndGet(i * 3 + j);
            });
        });
        for (int i = 0; i < 12; i++) {
            assertThat(count.get(i)).isEqualTo(1);
        }
    }

    @Test
    void twoCallersTakeTurns() throws InterruptedException {
        Parallel.setThreads(2);
        AtomicIntegerArray count = new AtomicIntegerArray(64);
        Thread second = new Thread(() -> loops(count));
        second.start();
        loops(count);
        second.join();
        for (int i = 0; i < 64; i++) {
            assertThat(count.get(i)).isEqualTo(1000);
        }
    }

    private static void loops(AtomicIntegerArray count) {
        for (int turn = 0; turn < 500; turn++) {
            Parallel.run(64, count::incrementAndGet);
        }
    }

    @Test
    void lessThanOneThreadIsAnError() {
        assertThatThrownBy(() -> Parallel.setThreads(0)).hasMessageContaining("threads: 0");
    }
}
