package dev.eva.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ParameterCountTest {
    /** The totals that the releases' own tensors add up to. */
    @Test
    void countsTheReleasedModels() {
        ParameterCount v3 = ParameterCount.of(Presets.v3());
        assertThat(v3.total() / 1e9).isCloseTo(671.026, within(0.0005));
        assertThat(v3.active() / 1e9).isCloseTo(37.55, within(0.005));
        assertThat((v3.active() - v3.embedding()) / 1e9).isCloseTo(36.63, within(0.005));
        assertThat(v3.attention() / 1e6).isCloseTo(187.107, within(0.0005));
        assertThat(v3.cacheRow()).isEqualTo(35_136);
        assertThat(v3.standardCacheRow()).isEqualTo(1_998_848);
        ParameterCount lite = ParameterCount.of(Presets.v2Lite());
        assertThat(lite.total() / 1e9).isCloseTo(15.706, within(0.0005));
        assertThat(lite.attention() / 1e6).isCloseTo(13.763, within(0.0005));
        assertThat(lite.cacheRow()).isEqualTo(15_552);
    }

    /** What the release has behind its last layer, without the copies of embedding and head. */
    @Test
    void countsThePredictionLayerOfV3() {
        long prediction = ParameterShape.of(Presets.v3()).stream()
                .filter(p -> p.name().startsWith("layers.61."))
                .filter(p -> !p.buffer())
                .mapToLong(ParameterShape::size)
                .sum();
        assertThat(prediction / 1e9).isCloseTo(11.61, within(0.005));
    }

    @Test
    void countsThePresets() {
        assertThat(ParameterCount.of(Presets.lite()).total() / 1e6).isCloseTo(879, within(0.5));
        assertThat(ParameterCount.of(Presets.shakespeare()).total() / 1e6).isCloseTo(1.9, within(0.1));
    }
}
