package dev.eva.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CrossoverTest {
    private final List<Measured> rows = new ArrayList<>();

    private void sizes(String way, double transfer, double... seconds) {
        for (int i = 0; i < seconds.length; i++) {
            int n = 64 << i;
            rows.add(new Measured(
                    "gemm",
                    n + "",
                    n,
                    way,
                    new Timing(seconds[i]),
                    2.0 * n * n * n,
                    12.0 * n * n,
                    0,
                    0,
                    transfer,
                    1e9,
                    1e9));
        }
    }

    private double ahead(boolean transfers) {
        return Crossover.of(rows, "cpu", "gpu", r -> transfers ? r.seconds().median() : r.withoutTransfers())
                .orElse(Double.NaN);
    }

    @Test
    void linesThroughLogarithmsMeetBetweenTwoSizes() {
        sizes("cpu", 0, 1, 8, 64);
        sizes("gpu", 3, 4, 16, 32);
        // At 128 behind by 2, at 256 ahead by 2: half way, at the root of 128 * 256.
        assertThat(ahead(true)).isCloseTo(Math.sqrt(128 * 256), within(1e-9));
        // Without transfers 1, 13, 29: even at 64 is not ahead, at 128 behind.
        assertThat(ahead(false)).isBetween(128.0, 256.0).isLessThan(ahead(true));
    }

    @Test
    void whoeverFallsBehindAgainIsAheadFromTheLastTimeOn() {
        sizes("cpu", 0, 2, 2, 2);
        sizes("gpu", 0, 1, 4, 1);
        assertThat(ahead(true)).isCloseTo(Math.sqrt(128 * 256), within(1e-9));
    }

    @Test
    void alwaysAheadIsFromTheSmallestAndNeverIsNothing() {
        sizes("cpu", 0, 2, 2);
        sizes("gpu", 0, 1, 1);
        assertThat(ahead(true)).isCloseTo(64, within(1e-9));
        rows.clear();
        sizes("cpu", 0, 1, 1);
        sizes("gpu", 0, 2, 2);
        assertThat(ahead(true)).isNaN();
        rows.clear();
        sizes("cpu", 0, 1);
        assertThat(ahead(true)).isNaN();
    }

    @Test
    void theLowerCeilingCounts() {
        Timing second = new Timing(1);
        Measured memory = new Measured("layers", "a", 0, "cpu", second, 1e9, 4e9, 0, 0, 0, 100e9, 10e9);
        Measured arithmetic = new Measured("gemm", "b", 0, "cpu", second, 50e9, 1e9, 0, 0, 0, 100e9, 10e9);
        assertThat(memory.memoryBound()).isTrue();
        assertThat(memory.ofPeak()).isCloseTo(0.4, within(1e-12));
        assertThat(arithmetic.memoryBound()).isFalse();
        assertThat(arithmetic.ofPeak()).isCloseTo(0.5, within(1e-12));
        assertThat(new Measured("gemm", "c", 0, "gpu", second, 1, 1, 0, 0, 0, Double.NaN, Double.NaN).ofPeak())
                .isNaN();
    }
}
