package dev.eva.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GeneratorTest {
    private static final int LIMIT = 8;
    private static final int[] PROMPT = {3, 1, 4};

    private static DeepSeekModel model(int limit) {
        return model(limit, 0);
    }

    static DeepSeekModel model(int limit, int predictionLayers) {
        MlaConfig mla = new MlaConfig(16, 2, new QueryProjection.Direct(), 8, 4, 4, 4, RopeConfig.plain(100));
        MoeConfig moe = new MoeConfig(16, 4, 1, 2, 8, new RoutingMethod.NoauxTc(1, 1), true, 2.5);
        DeepSeekConfig config = new DeepSeekConfig(23, 16, 2, 1, 24, 1e-6, limit, 0.3, predictionLayers, mla, moe);
        return DeepSeekModel.random(config, new SplittableRandom(7));
    }

    private static int[] greedy(DeepSeekModel model, int[] prompt, int count) {
        int[] out = new int[count];
        int[] n = {0};
        Generator.Result r = new Generator(model, Sampling.GREEDY)
                .generate(prompt, count, new SplittableRandom(1), id -> {
                    out[n[0]++] = id;
                    return true;
                });
        assertThat(r.tokens()).isEqualTo(count);
        return out;
    }

    @Test
    void aFullContextGoesOnFromItsLastHalf() {
        DeepSeekModel model = model(LIMIT);
        int[] text = greedy(model, PROMPT, 20);
        // the prompt and five tokens fill the context; the sixth is still drawn from it
        int whole = LIMIT - PROMPT.length + 1;
        assertThat(Arrays.copyOf(text, whole)).isEqualTo(greedy(model(1000), PROMPT, whole));
        int[] half = Arrays.copyOfRange(text, whole - LIMIT / 2, whole);
        int next = LIMIT - LIMIT / 2 + 1;
        assertThat(Arrays.copyOfRange(text, whole, whole + next)).isEqualTo(greedy(model, half, next));
    }

    @Test
    void saysHowOftenTheContextWasFull() {
        Generator generator = new Generator(model(LIMIT), Sampling.GREEDY);
        assertThat(generator
                        .generate(PROMPT, 6, new SplittableRandom(1), id -> true)
                        .windows())
                .isZero();
        assertThat(generator
                        .generate(PROMPT, 7, new SplittableRandom(1), id -> true)
                        .windows())
                .isEqualTo(1);
        assertThat(generator
                        .generate(PROMPT, 12, new SplittableRandom(1), id -> true)
                        .windows())
                .isEqualTo(2);
    }

    @Test
    void theListenerEndsTheText() {
        Generator.Result r =
                new Generator(model(LIMIT), Sampling.GREEDY).generate(PROMPT, 9, new SplittableRandom(1), id -> false);
        assertThat(r.end()).isEqualTo(Generator.End.STOPPED);
        assertThat(r.tokens()).isEqualTo(1);
    }

    @Test
    void aPromptThatDoesNotFitIsSaid() {
        Generator generator = new Generator(model(LIMIT), Sampling.GREEDY);
        assertThatThrownBy(() -> generator.generate(new int[9], 1, new SplittableRandom(1), id -> true))
                .hasMessageContaining("9 tokens after 0 do not fit in max_position_embeddings 8");
        assertThatThrownBy(() -> generator.generate(new int[0], 1, new SplittableRandom(1), id -> true))
                .hasMessageContaining("no tokens");
    }

    @Test
    void anEndTokenEndsTheTextAndStaysUnseen() {
        DeepSeekModel model = model(LIMIT);
        int[] text = greedy(model, PROMPT, 5);
        int[] seen = {0};
        Generator.Options options = new Generator.Options(Set.of(text[4]), false, Decoder.CHUNK, CacheFormat.F32);
        Generator.Result r = new Generator(model, Sampling.GREEDY, options)
                .generate(PROMPT, 9, new SplittableRandom(1), id -> seen[0]++ >= 0);
        int first = IntStream.range(0, 5)
                .filter(i -> text[i] == text[4])
                .findFirst()
                .orElseThrow();
        assertThat(r.end()).isEqualTo(Generator.End.END_OF_TEXT);
        assertThat(seen[0]).isEqualTo(first);
    }

    @Test
    void promptsTogetherGetTheTextsThatTheyGetAlone() {
        DeepSeekModel model = model(40);
        SplittableRandom random = new SplittableRandom(3);
        List<int[]> prompts = IntStream.range(0, 19)
                .mapToObj(i -> random.ints(1 + i % 11, 0, 23).toArray())
                .toList();
        Sampling sampling = new Sampling(0.9, 0, 0.95, 0, 1.2);
        List<List<Integer>> texts = prompts.stream()
                .map(p -> (List<Integer>) new ArrayList<Integer>())
                .toList();
        List<Generator.Result> results = new Generator(model, sampling)
                .generate(
                        prompts,
                        60,
                        SplittableRandom::new,
                        (i, id) -> texts.get(i).add(id) && (id != 5 || i != 2));
        for (int i = 0; i < prompts.size(); i++) {
            int index = i;
            List<Integer> alone = new ArrayList<>();
            Generator.Result r = new Generator(model, sampling)
                    .generate(
                            prompts.get(i),
                            60,
                            new SplittableRandom(i),
                            id -> alone.add(id) && (id != 5 || index != 2));
            assertThat(texts.get(i)).isEqualTo(alone);
            assertThat(results.get(i).end()).isEqualTo(r.end());
            assertThat(results.get(i).windows()).isEqualTo(r.windows());
        }
    }

    @Test
    void prefillInChunksOfAnySizeGivesTheSameText() {
        DeepSeekModel model = model(100);
        int[] prompt = new SplittableRandom(2).ints(50, 0, 23).toArray();
        int[] whole = greedy(model, prompt, 20);
        for (int chunk : new int[] {1, 7, 49, 50}) {
            List<Integer> text = new ArrayList<>();
            new Generator(model, Sampling.GREEDY, new Generator.Options(Set.of(), false, chunk, CacheFormat.F32))
                    .generate(prompt, 20, new SplittableRandom(1), text::add);
            assertThat(text).containsExactly(IntStream.of(whole).boxed().toArray(Integer[]::new));
        }
    }

    /** Rounded latents change logits a little, alike for every way of reading; the cache is smaller. */
    @Test
    void aCacheInFp8ChangesLogitsALittle() {
        DeepSeekModel model = model(100);
        int[] ids = new SplittableRandom(6).ints(60, 0, 23).toArray();
        float[] exact = new float[23];
        float[] rounded = new float[23];
        Decoder f32 = new Decoder(model);
        f32.accept(f32.begin(), exact, ids);
        Decoder fp8 = new Decoder(model, 10, CacheFormat.FP8);
        Sequence sequence = fp8.begin();
        fp8.accept(sequence, rounded, ids);
        double size = 0;
        double change = 0;
        for (int v = 0; v < 23; v++) {
            size += (double) exact[v] * exact[v];
            change += (double) (exact[v] - rounded[v]) * (exact[v] - rounded[v]);
        }
        assertThat(Math.sqrt(change / size)).isBetween(1e-5, 0.1);
        // A latent of 8 values: 8 codes and a scale, and 4 values of the key, in 2 layers.
        assertThat(sequence.bytesAToken()).isEqualTo(2 * (8 + 4 + 4 * 4));
        assertThat(f32.begin().bytesAToken()).isEqualTo(2 * 4 * (8 + 4));
        Sequence again = fp8.begin();
        for (int id : ids) {
            fp8.accept(again, exact, id);
        }
        fp8.accept(sequence, rounded, 5);
        fp8.accept(again, exact, 5);
        for (int v = 0; v < 23; v++) {
            assertThat(rounded[v]).isCloseTo(exact[v], offset(0.2f));
        }
    }
}
