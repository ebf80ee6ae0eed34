package dev.eva.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.DeepSeekModel;
import dev.eva.model.MultiToken;
import dev.eva.model.Probe;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpeculationTest {
    private static final int VOCAB = 23;
    private static final Generator.Options SPECULATIVE = new Generator.Options(Set.of(), true, 16, CacheFormat.F32);

    private static List<Integer> text(
            DeepSeekModel model, Sampling sampling, Generator.Options options, int[] prompt, int tokens, long seed) {
        List<Integer> text = new ArrayList<>();
        new Generator(model, sampling, options).generate(prompt, tokens, new SplittableRandom(seed), text::add);
        return text;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void greedyTextIsThatOfPlainDecoding(int depths) {
        DeepSeekModel model = GeneratorTest.model(64, depths);
        for (int length : new int[] {1, 2, 15, 16, 17, 40, 64}) {
            int[] prompt = new SplittableRandom(length).ints(length, 0, VOCAB).toArray();
            assertThat(text(model, Sampling.GREEDY, SPECULATIVE, prompt, 150, 1))
                    .isEqualTo(text(model, Sampling.GREEDY, Generator.Options.PLAIN, prompt, 150, 1));
        }
    }

    @Test
    void greedyTextWithAPenaltyIsThatOfPlainDecoding() {
        DeepSeekModel model = GeneratorTest.model(64, 2);
        Sampling sampling = new Sampling(0, 0, 1, 0, 1.3);
        int[] prompt = {3, 1, 4};
        assertThat(text(model, sampling, SPECULATIVE, prompt, 150, 1))
                .isEqualTo(text(model, sampling, Generator.Options.PLAIN, prompt, 150, 1));
    }

    /** What the drafter says after some places is what training computes for them. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void proposalsAreThoseOfTheWholeForwardPass(int depths) {
        DeepSeekModel model = GeneratorTest.model(64, depths);
        int[] text = Arrays.copyOf(new SplittableRandom(5).ints(30, 0, VOCAB).toArray(), 30 + depths);
        Decoder decoder = new Decoder(model, 7, CacheFormat.F32);
        Sequence sequence = decoder.begin();
        Drafter drafter = new Drafter(model);
        float[] logits = new float[VOCAB];
        Draws draws = new Draws(Sampling.GREEDY, new SplittableRandom(1), VOCAB);
        int read = 0;
        for (int known : new int[] {9, 10, 11, 14, 30}) {
            decoder.accept(sequence, logits, drafter::take, Arrays.copyOfRange(text, read, known - 1));
            read = known - 1;
            int[] after = Arrays.copyOfRange(text, known, text.length);
            drafter.draft(text, 0, known, depths, draws);
            for (int k = 1; k <= depths; k++) {
                int[] before = Arrays.copyOf(text, known + k - 1);
                assertThat(text[known + k - 1]).isEqualTo(likeliest(model, before, k));
            }
            System.arraycopy(after, 0, text, known, after.length);
        }
    }

    /** The token that depth k of a forward pass over all tokens puts after the last one. */
    private static int likeliest(DeepSeekModel model, int[] tokens, int k) {
        IntTensor ids = IntTensor.of(tokens, 1, tokens.length);
        List<MultiToken.Depth> ahead = MultiToken.forward(model, model.forward(ids), ids, Probe.NONE);
        Tensor logits = ahead.get(k - 1).logits();
        float[] last = logits.slice(logits.dim(0) - 1, logits.dim(0)).toArray();
        return Sampling.GREEDY.distribution(last, 0, VOCAB, new BitSet()).draw(null);
    }

    /**
     * Pearson's statistic of 20,000 drawn pairs of tokens against their probabilities: a sum of about as many squares
     * of unit normals as there are pairs.
     */
    @Test
    void drawsHaveTheModelsDistribution() {
        DeepSeekModel model = GeneratorTest.model(64, 2);
        Sampling sampling = new Sampling(1.1, 6, 1, 0);
        int[] prompt = {3, 1, 4, 1};
        double[] expected = pairs(model, sampling, prompt);
        int draws = 20_000;
        int[] counts = new int[VOCAB * VOCAB];
        int accepted = 0;
        Generator generator = new Generator(model, sampling, SPECULATIVE);
        SplittableRandom random = new SplittableRandom(11);
        for (int i = 0; i < draws; i++) {
            List<Integer> text = new ArrayList<>();
            accepted += generator.generate(prompt, 3, random, text::add).accepted();
            counts[text.get(1) * VOCAB + text.get(2)]++;
        }
        double chi = 0;
        int cells = 0;
        for (int i = 0; i < counts.length; i++) {
            double e = expected[i] * draws;
            if (e >= 5) {
                chi += (counts[i] - e) * (counts[i] - e) / e;
                cells++;
            } else if (e == 0) {
                assertThat(counts[i]).isZero();
            }
        }
        assertThat(cells).isGreaterThan(50);
        assertThat(accepted).isBetween(draws / 20, draws * 2);
        assertThat(chi).isLessThan(cells + 5 * Math.sqrt(2.0 * cells));
    }

    /** Probabilities of the second and third token together. */
    private static double[] pairs(DeepSeekModel model, Sampling sampling, int[] prompt) {
        double[] all = new double[VOCAB * VOCAB];
        Distribution first = next(model, sampling, prompt);
        for (int a = 0; a < first.ids().length; a++) {
            int[] one = append(prompt, first.ids()[a]);
            Distribution second = next(model, sampling, one);
            for (int b = 0; b < second.ids().length; b++) {
                Distribution third = next(model, sampling, append(one, second.ids()[b]));
                for (int c = 0; c < third.ids().length; c++) {
                    all[second.ids()[b] * VOCAB + third.ids()[c]] += first.p()[a] * second.p()[b] * third.p()[c];
                }
            }
        }
        return all;
    }

    private static Distribution next(DeepSeekModel model, Sampling sampling, int[] text) {
        Decoder decoder = new Decoder(model);
        float[] logits = new float[VOCAB];
        decoder.accept(decoder.begin(), logits, text);
        return sampling.distribution(logits, 0, VOCAB, new BitSet());
    }

    private static int[] append(int[] text, int id) {
        int[] more = Arrays.copyOf(text, text.length + 1);
        more[text.length] = id;
        return more;
    }

    @Test
    void aModelWithoutPredictionLayersIsRefused() {
        DeepSeekModel model = GeneratorTest.model(64, 0);
        Generator generator = new Generator(model, Sampling.GREEDY, SPECULATIVE);
        assertThatThrownBy(() -> generator.generate(new int[] {1}, 3, new SplittableRandom(1), id -> true))
                .hasMessageContaining("no multi-token prediction layer")
                .hasMessageContaining("--mtp 1");
    }
}
