package dev.eva.nn;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.nn.RopeConfig.Scaling.Yarn;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeConfigTest {
    @ParameterizedTest
    @CsvSource({
        "0.5, 4096, 32, 1, factor: 0.5",
        "NaN, 4096, 32, 1, factor: NaN",
        "40, 0, 32, 1, original_max_position_embeddings: 0",
        "40, 4096, 1, 32, beta_fast 1.0",
        "40, 4096, 1, 0, beta_slow 0.0",
    })
    void impossibleYarnIsSaid(double factor, int original, double fast, double slow, String message) {
        assertThatThrownBy(() -> new Yarn(factor, original, fast, slow, OptionalDouble.empty(), OptionalDouble.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void impossibleThetaIsSaid() {
        assertThatThrownBy(() -> RopeConfig.plain(1)).hasMessage("rope_theta: 1.0; need more than 1");
    }
}
