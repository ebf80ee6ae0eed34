package dev.eva.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SamplingTest {
    private static final float[] LOGITS = {9f, 0.5f, 2f, -1f, 2f, 1f, 9f};
    private static final BitSet NONE = new BitSet();

    /** Counts of 20,000 draws from LOGITS[1 .. 6). */
    private static Map<Integer, Integer> draw(Sampling s) {
        SplittableRandom random = new SplittableRandom(5);
        Map<Integer, Integer> counts = new TreeMap<>();
        for (int i = 0; i < 20_000; i++) {
            counts.merge(s.distribution(LOGITS, 1, 5, NONE).draw(random), 1, Integer::sum);
        }
        return counts;
    }

    @Test
    void greedyTakesTheLowestIdAmongEqualLogits() {
        assertThat(Sampling.GREEDY.distribution(LOGITS, 1, 5, NONE).draw(null)).isEqualTo(1);
    }

    @Test
    void frequenciesFollowTheSoftmaxAtTheTemperature() {
        Map<Integer, Integer> counts = draw(new Sampling(2, 0, 1, 0));
        double[] p = new double[5];
        double sum = 0;
        for (int i = 0; i < 5; i++) {
            p[i] = Math.exp(LOGITS[1 + i] / 2.0);
            sum += p[i];
        }
        for (int i = 0; i < 5; i++) {
            double expected = p[i] / sum;
            double sigma = Math.sqrt(expected * (1 - expected) / 20_000);
            assertThat(counts.get(i) / 20_000.0).isBetween(expected - 5 * sigma, expected + 5 * sigma);
        }
    }

    @Test
    void filtersKeepWhatTheyName() {
        assertThat(draw(new Sampling(1, 2, 1, 0)).keySet()).containsExactly(1, 3);
        assertThat(draw(new Sampling(1, 1, 1, 0)).keySet()).containsExactly(1);
        // probabilities: 0.083, 0.374, 0.019, 0.374, 0.138 (rounded); two of them make 0.75
        assertThat(draw(new Sampling(1, 0, 0.7, 0)).keySet()).containsExactly(1, 3);
        assertThat(draw(new Sampling(1, 0, 0.8, 0)).keySet()).containsExactly(1, 3, 4);
        assertThat(draw(new Sampling(1, 0, 1, 0.3)).keySet()).containsExactly(1, 3, 4);
        assertThat(draw(new Sampling(1, 0, 1, 0.99)).keySet()).containsExactly(1, 3);
    }

    @Test
    void thePenaltyDividesPositiveLogitsOfSeenTokensAndMultipliesNegativeOnes() {
        float[] logits = {4f, -1f, 2f, 0.5f};
        BitSet seen = new BitSet();
        seen.set(0);
        seen.set(1);
        new Sampling(1, 0, 1, 0, 4).distribution(logits, 0, 4, seen);
        assertThat(logits).containsExactly(1f, -4f, 2f, 0.5f);
        assertThat(new Sampling(0, 0, 1, 0, 4)
                        .distribution(new float[] {4f, -1f, 2f, 0.5f}, 0, 4, seen)
                        .draw(null))
                .isEqualTo(2);
    }

    @Test
    void impossibleSettingsAreRefused() {
        assertThatThrownBy(() -> new Sampling(-1, 0, 1, 0)).hasMessageContaining("temperature: -1.0");
        assertThatThrownBy(() -> new Sampling(Double.NaN, 0, 1, 0)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> new Sampling(1, -1, 1, 0)).hasMessageContaining("top-k: -1");
        assertThatThrownBy(() -> new Sampling(1, 0, 0, 0)).hasMessageContaining("top-p: 0.0");
        assertThatThrownBy(() -> new Sampling(1, 0, 1, 1.5)).hasMessageContaining("min-p: 1.5");
        assertThatThrownBy(() -> new Sampling(1, 0, 1, 0, 0)).hasMessageContaining("repetition-penalty: 0.0");
    }
}
