package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.moe.MoE;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MoeExperimentTest {
    private final MoE moe = MoeExperiment.layer(new SplittableRandom(1));

    @Test
    void everyTokenOfElevenBatchesIsCountedTwice() {
        MoeExperiment.Result r = MoeExperiment.run(moe, new SplittableRandom(2));
        assertThat(Arrays.stream(r.usage().counts()).sum()).isEqualTo(11L * 4 * 32 * 2);
        assertThat(r.parameters()).isEqualTo(8L * 3 * 256 * 1024 + 8 * 256);
        assertThat(r.activeParameters()).isEqualTo(2L * 3 * 256 * 1024 + 8 * 256);
        assertThat(r.scoreByBatch()).hasSize(11).allSatisfy(s -> assertThat(s).isBetween(0.5, 1.0));
        assertThat(r.scoreByBatch().getLast()).isEqualTo(r.usage().balanceScore());
    }

    @Test
    void onePatternIsTheWorstVarianceThereIs() {
        PatternExperiment.Result r = PatternExperiment.run(moe, new SplittableRandom(3));
        assertThat(r.counts()).hasDimensions(8, 8);
        for (int p = 0; p < 8; p++) {
            assertThat(Arrays.stream(r.counts()[p]).sum()).isEqualTo(64);
            assertThat(PatternExperiment.chosen(r.counts()[p])).hasSize(2);
            assertThat(r.each().get(p).variance()).isCloseTo(MoeExperiment.worstVariance(), within(1e-12));
            assertThat(r.each().get(p).balanceScore()).isCloseTo(1 - 1.5 / 1.75, within(1e-12));
        }
        long[] all = r.all().counts();
        assertThat(all[r.mostUsed()]).isEqualTo(Arrays.stream(all).max().orElseThrow());
        assertThat(all[r.leastUsed()]).isEqualTo(Arrays.stream(all).min().orElseThrow());
    }
}
