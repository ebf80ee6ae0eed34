package dev.eva.nn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void constantStaysAfterTheWarmUp() {
        Schedule s = new Schedule.Constant(8, 4);
        assertRates(s, new long[] {0, 1, 3, 4, 1_000_000}, 2, 4, 8, 8, 8);
        assertThat(new Schedule.Constant(8, 0).at(0)).isEqualTo(8f);
    }

    @Test
    void cosineFallsFromThePeakToTheFloor() {
        Schedule s = new Schedule.Cosine(2, 10, 110, 0.1);
        assertRates(s, new long[] {0, 4, 9, 10, 60, 110, 500}, 0.2, 1, 2, 2, 1.1, 0.2, 0.2);
        assertThat(s.at(35)).isCloseTo((float) (2 * (0.1 + 0.45 * (1 + Math.cos(Math.PI / 4)))), within(1e-6f));
    }

    @Test
    void wsdHoldsThenFallsInALine() {
        Schedule s = new Schedule.Wsd(2, 10, 60, 160, 0.02);
        assertRates(s, new long[] {0, 9, 10, 59, 60, 110, 160, 500}, 0.2, 2, 2, 2, 2, 1.02, 0.04, 0.04);
    }

    @Test
    void aWarmUpThatOutlastsTheRunDoesNotJump() {
        assertRates(new Schedule.Cosine(1, 10, 5, 0), new long[] {4, 9, 10}, 0.5, 1, 0);
        assertRates(new Schedule.Wsd(1, 10, 4, 8, 0), new long[] {3, 6, 8}, 0.4, 0.5, 0);
    }

    @Test
    void impossibleSchedulesSayWhy() {
        assertThatThrownBy(() -> new Schedule.Constant(0, 1)).hasMessageContaining("peak 0.0; need more than 0");
        assertThatThrownBy(() -> new Schedule.Cosine(1, -1, 5, 0)).hasMessageContaining("warm-up of -1");
        assertThatThrownBy(() -> new Schedule.Cosine(1, 1, 5, 1.5)).hasMessageContaining("floor 1.5");
        assertThatThrownBy(() -> new Schedule.Wsd(1, 1, 6, 5, 0.1)).hasMessageContaining("decay from step 6");
    }

    private static void assertRates(Schedule s, long[] steps, double... rates) {
        for (int i = 0; i < steps.length; i++) {
            assertThat(s.at(steps[i])).as("step %d", steps[i]).isCloseTo((float) rates[i], within(1e-6f));
        }
    }
}
