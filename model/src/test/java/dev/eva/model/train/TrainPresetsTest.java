package dev.eva.model.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import org.junit.jupiter.api.Test;

class TrainPresetsTest {
    private static final TrainConfig MUON = TrainPresets.byName("shakespeare");

    private static void rate(TrainConfig preset, Budget budget, double expected) {
        assertThat(TrainPresets.rate(preset, budget)).isCloseTo(expected, offset(1e-12));
    }

    @Test
    void aShortRunWithMuonTakesAHigherRate() {
        rate(MUON, MUON.budget(), 6e-3);
        rate(MUON, new Budget.Steps(1000), 6e-3);
        rate(MUON, new Budget.Steps(100_000), 6e-3);
        rate(MUON, new Budget.Minutes(60), 6e-3);
        rate(MUON, new Budget.Steps(500), 6e-3 * Math.sqrt(2));
        rate(MUON, new Budget.Steps(250), 12e-3);
        rate(MUON, new Budget.Steps(1), 12e-3);
        rate(MUON, new Budget.Minutes(1.4), 6e-3 * Math.sqrt(2));
        rate(MUON, new Budget.Minutes(0.1), 12e-3);
    }

    @Test
    void adamKeepsItsRate() {
        rate(TrainPresets.byName("mini"), new Budget.Steps(5), 1e-3);
        rate(TrainPresets.byName("mini"), new Budget.Minutes(5), 1e-3);
    }
}
