package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.masterclass.SuccessCriteria.Criterion;
import dev.eva.masterclass.SuccessCriteria.Evidence;
import java.util.List;
import org.junit.jupiter.api.Test;

class SuccessCriteriaTest {
    private static final Evidence GOOD = new Evidence(90.6, 0.001, 0.3, true, 0, -0.4, true, true, 400, 0.95);

    @Test
    void allAreMet() {
        assertThat(SuccessCriteria.judge(GOOD)).hasSize(5).allMatch(Criterion::passed);
    }

    @Test
    void eachFailsByItself() {
        fails(0, new Evidence(90, 0.001, 0.3, true, 0, -0.4, true, true, 400, 0.95));
        fails(1, new Evidence(90.6, 0.1, 0.3, true, 0, -0.4, true, true, 400, 0.95));
        fails(2, new Evidence(90.6, 0.001, 0.3, false, 0, -0.4, true, true, 400, 0.95));
        fails(2, new Evidence(90.6, 0.001, 0.3, true, 1, -0.4, true, true, 400, 0.95));
        fails(2, new Evidence(90.6, 0.001, 0.3, true, 0, 1.01, true, true, 400, 0.95));
        fails(2, new Evidence(90.6, 0.001, 0.3, true, 0, Double.NaN, true, true, 400, 0.95));
        fails(3, new Evidence(90.6, 0.001, 0.3, true, 0, -0.4, false, true, 400, 0.95));
        fails(3, new Evidence(90.6, 0.001, 0.3, true, 0, -0.4, true, false, 400, 0.95));
        fails(3, new Evidence(90.6, 0.001, 0.3, true, 0, -0.4, true, true, 0, 0.95));
        fails(4, new Evidence(90.6, 0.001, 0.3, true, 0, -0.4, true, true, 400, 0.8));
    }

    private static void fails(int index, Evidence evidence) {
        List<Criterion> criteria = SuccessCriteria.judge(evidence);
        for (int i = 0; i < criteria.size(); i++) {
            assertThat(criteria.get(i).passed()).as(criteria.get(i).name()).isEqualTo(i != index);
        }
    }
}
