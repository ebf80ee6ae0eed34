package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.testing.OpCase;
import dev.eva.tensor.testing.OpCheck;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OpsTest {
    static List<OpCase> cases() {
        return OpCases.all();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void opMatchesItsOracleAndItsGradientsDoToo(OpCase c) {
        OpCheck.check(c);
    }

    @Test
    void everyOpHasACase() {
        assertThat(OpCheck.withoutCase(MoeConfig.class, OpCases.all())).isEmpty();
    }
}
