package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.masterclass.LengthExperiment.Row;
import dev.eva.measure.Timing;
import dev.eva.mla.CacheSize;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LengthExperimentTest {
    @Test
    void theSlopeIsTheExponent() {
        assertThat(LengthExperiment.slope(rows(t -> 3e-4 * t))).isCloseTo(1, within(1e-12));
        assertThat(LengthExperiment.slope(rows(t -> 7e-9 * t * t))).isCloseTo(2, within(1e-12));
    }

    private static List<Row> rows(DoubleUnaryOperator seconds) {
        return Stream.of(32, 64, 128, 256)
                .map(t -> new Row(t, new Timing(seconds.applyAsDouble(t)), new CacheSize(t, 512, 40, 8)))
                .toList();
    }

    @Test
    void lengthsDoubleAndCachesGrowWithThem() {
        List<Row> rows = LengthExperiment.run(TinyRun.shape(), 128, 2, new SplittableRandom(1));
        assertThat(rows.stream().map(Row::tokens)).containsExactly(32, 64, 128);
        assertThat(rows).allSatisfy(r -> {
            assertThat(r.time().seconds()).hasSize(2);
            assertThat(r.cache().withRope()).isEqualTo(5L * r.tokens());
            assertThat(r.rowSaved()).isCloseTo(100 * (1 - 5 / 56.0), within(1e-9));
        });
    }
}
