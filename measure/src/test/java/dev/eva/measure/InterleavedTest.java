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

    @Test
    void theMedianIsTheMiddle() {
        assertThat(new Timing(3, 1, 2).median()).isEqualTo(2);
        assertThat(new Timing(4, 1, 2, 3).median()).isEqualTo(2.5);
        assertThat(new Timing(3, 1, 2).min()).isEqualTo(1);
        assertThat(new Timing(3, 1, 2).max()).isEqualTo(3);
        assertThatThrownBy(Timing::new).hasMessageContaining("no run");
    }
}
