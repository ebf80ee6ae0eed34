package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.train.StepMetrics;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ThinnedTest {
    @Test
    void pointsAreMeansOfTheStepsUpToThem() {
        Thinned thin = Thinned.of(steps(7), 3, StepMetrics::loss);
        assertThat(thin.x()).containsExactly(3, 6, 7);
        assertThat(thin.y()).containsExactly(2, 5, 7);
    }

    @Test
    void fewStepsStayAsTheyAre() {
        assertThat(Thinned.of(steps(3), 10, StepMetrics::loss).y()).containsExactly(1, 2, 3);
    }

    @Test
    void whatIsNotFiniteIsLeftOut() {
        assertThat(Thinned.of(steps(4), 10, m -> m.step() == 2 ? Double.NaN : m.loss())
                        .x())
                .containsExactly(1, 3, 4);
    }

    private static List<StepMetrics> steps(int n) {
        return LongStream.rangeClosed(1, n)
                .mapToObj(s -> new StepMetrics(
                        s,
                        s,
                        s,
                        s,
                        OptionalDouble.empty(),
                        OptionalDouble.empty(),
                        1,
                        1,
                        1,
                        0,
                        List.of(),
                        false,
                        0,
                        List.of()))
                .toList();
    }
}
