package dev.eva.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
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

    /** The filters over many tokens against sorting all of them. */
    @Test
    void theLikeliestOfManyAreThoseOfAFullSort() {
        SplittableRandom random = new SplittableRandom(3);
        int vocab = 5000;
        float[] logits = new float[vocab];
        for (int i = 0; i < vocab; i++) {
            // Many equal ones.
            logits[i] = Math.round(4 * random.nextGaussian());
        }
        Integer[] ranked = IntStream.range(0, vocab).boxed().toArray(Integer[]::new);
        Arrays.sort(ranked, Comparator.comparing((Integer i) -> -logits[i]).thenComparing(i -> i));
        for (int topK : new int[] {0, 1, 7, 64, 4999, 6000}) {
            for (double topP : new double[] {0.01, 0.5, 0.999, 1}) {
                for (double minP : new double[] {0, 0.02, 1}) {
                    Sampling sampling = new Sampling(3, topK, topP, minP);
                    Distribution d = sampling.distribution(logits, 0, vocab, NONE);
                    List<Integer> expected = fullSort(sampling, logits, ranked);
                    int[] ids = d.ids().clone();
                    if (topK == 0 && topP == 1 && minP == 0) {
                        Arrays.sort(ids);
                        expected.sort(null);
                    }
                    assertThat(ids)
                            .as(sampling.toString())
                            .containsExactly(expected.stream().mapToInt(i -> i).toArray());
                    assertThat(Arrays.stream(d.p()).sum()).isCloseTo(1, within(1e-12));
                }
            }
        }
    }

    private static List<Integer> fullSort(Sampling s, float[] logits, Integer... ranked) {
        int n = s.topK() == 0 ? ranked.length : Math.min(s.topK(), ranked.length);
        double[] p = new double[n];
        for (int i = 0; i < n; i++) {
            p[i] = Math.exp((logits[ranked[i]] - logits[ranked[0]]) / s.temperature());
        }
        double all = s.topP() == 1 ? Double.POSITIVE_INFINITY : Arrays.stream(p).sum();
        List<Integer> kept = new ArrayList<>();
        double sum = 0;
        for (int i = 0; i < n && (i == 0 || sum < s.topP() * all && p[i] >= s.minP() * p[0]); i++) {
            sum += p[i];
            kept.add(ranked[i]);
        }
        return kept;
    }

    /** What a text keeps between its tokens changes nothing. */
    @Test
    void aTextsTokensAreDrawnFromTheDistribution() {
        for (Sampling s : List.of(new Sampling(1, 0, 1, 0), new Sampling(1, 3, 0.9, 0), new Sampling(0, 0, 1, 0))) {
            Draws draws = new Draws(s, new SplittableRandom(5), 5);
            SplittableRandom random = new SplittableRandom(5);
            for (int i = 0; i < 200; i++) {
                assertThat(draws.draw(LOGITS, 1))
                        .isEqualTo(s.distribution(LOGITS, 1, 5, NONE).draw(random));
            }
        }
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
