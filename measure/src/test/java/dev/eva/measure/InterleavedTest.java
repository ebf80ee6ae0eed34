package dev.eva.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class InterleavedTest {
    @Test
    void waysRunInTurn() {
        StringBuilder order = new StringBuilder();
        List<Timing> timings = Interleaved.time(1, 2, List.of(() -> order.append('a'), () -> order.append('b')));
        assertThat(order).hasToString("ababab");
        assertThat(timings).hasSize(2).allSatisfy(t -> assertThat(t.seconds()).hasSize(2));
    }

    /** Two of the rarer way in five rounds, spread over them. */
    @Test
    void slowWaysRunMoreRarely() {
        StringBuilder order = new StringBuilder();
        List<Timing> timings =
                Interleaved.measure(new int[] {5, 2}, List.of(() -> add(order, 'a'), () -> add(order, 'b')));
        assertThat(order).hasToString("aaabaab");
        assertThat(timings.getLast().seconds()).hasSize(2);

        Effort effort = new Effort(0, 0.1, 9, 6);
        assertThat(effort.samples(1e-6)).isEqualTo(9);
        assertThat(effort.samples(1.2)).isEqualTo(5);
        assertThat(effort.samples(60)).isEqualTo(3);
        assertThat(new Effort(0, 0, 2, 0).samples(60)).isEqualTo(2);
    }

    private static double add(StringBuilder order, char way) {
        order.append(way);
        return 1;
    }

    @Test
    void theMedianIsTheMiddle() {
        assertThat(new Timing(3, 1, 2).median()).isEqualTo(2);
        assertThat(new Timing(4, 1, 2, 3).median()).isEqualTo(2.5);
        assertThat(new Timing(3, 1, 2).min()).isEqualTo(1);
        assertThat(new Timing(3, 1, 2).max()).isEqualTo(3);
        assertThatThrownBy(Timing::new).hasMessageContaining("no run");
    }
}
