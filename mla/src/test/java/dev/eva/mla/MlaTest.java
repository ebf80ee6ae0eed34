package dev.eva.mla;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Mul;
import dev.eva.tensor.ops.Sum;
import dev.eva.tensor.testing.TensorAssert;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MlaTest {
    /** Relative to the largest value of the result: float32 sums of a few hundred products. */
    private static final double TOLERANCE = 1e-5;

    static Stream<MlaConfig> configs() {
        return Stream.of(MlaOracle.lowRank(), MlaOracle.direct(), MlaOracle.wide(), MlaOracle.manyHeads());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void trainFollowsTheEquations(MlaConfig config) {
        MlaWeights w = MlaOracle.weights(config, 1);
        Tensor x = MlaOracle.input(config, 37, 2);
        assertClose(new MlaTrain(w).forward(x, 1, 37), MlaOracle.layer(w, x));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void absorbedDecodingFollowsTheEquationsTokenByToken(MlaConfig config) {
        int length = 300; // more than one chunk of the cache
        MlaWeights w = MlaOracle.weights(config, 1);
        Tensor x = MlaOracle.input(config, length, 2);
        double[] expected = MlaOracle.layer(w, x);
        MlaDecode decode = new MlaDecode(w);
        LatentCache cache = new LatentCache(config, length);
        Workspace workspace = new Workspace();
        for (int t = 0; t < length; t++) {
            try (Workspace.Scope step = workspace.open()) {
                Tensor y = decode.forward(x.slice(t, t + 1), cache, t);
                assertClose(y, rows(expected, config, t, t + 1), scale(expected));
            }
        }
        assertThat(cache.length()).isEqualTo(length);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyFormFillsTheSameCacheAndFollowsTheOthers(MlaConfig config) {
        int[] pieces = {5, 1, 3, 220, 1, 10, 60};
        MlaWeights w = MlaOracle.weights(config, 3);
        Tensor x = MlaOracle.input(config, 300, 4);
        double[] expected = MlaOracle.layer(w, x);
        MlaDecode decode = new MlaDecode(w);
        MlaPrefill prefill = new MlaPrefill(w);
        MlaInference inference = new MlaInference(w);
        Workspace workspace = new Workspace();
        for (int form = 0; form < 4; form++) {
            LatentCache cache = new LatentCache(config, 300);
            int start = 0;
            for (int i = 0; i < pieces.length; i++) {
                try (Workspace.Scope step = workspace.open()) {
                    Tensor piece = x.slice(start, start + pieces[i]);
                    Tensor y = switch (form) {
                        case 0 -> decode.forward(piece, cache, start);
                        case 1 -> prefill.forward(piece, cache, start);
                        case 2 -> inference.forward(piece, cache, start);
                        default ->
                            i % 2 == 0 ? prefill.forward(piece, cache, start) : decode.forward(piece, cache, start);
                    };
                    assertClose(y, rows(expected, config, start, start + pieces[i]), scale(expected));
                }
                start += pieces[i];
            }
        }
    }

    @Test
    void threadsThatShareTheHeadsMakeTheSameBits() {
        MlaConfig config = MlaOracle.manyHeads();
        MlaWeights w = MlaOracle.weights(config, 3);
        Tensor x = MlaOracle.input(config, 260, 4);
        List<float[]> all = new ArrayList<>();
        for (int threads : new int[] {1, 3}) {
            Parallel.setThreads(threads);
            MlaDecode decode = new MlaDecode(w);
            LatentCache cache = new LatentCache(config, 260);
            decode.forward(x.slice(0, 250), cache, 0);
            for (int t = 250; t < 260; t++) {
                all.add(decode.forward(x.slice(t, t + 1), cache, t).toArray());
            }
        }
        Parallel.setThreads(Runtime.getRuntime().availableProcessors());
        for (int t = 0; t < 10; t++) {
            assertThat(all.get(t)).isEqualTo(all.get(t + 10));
        }
    }

    @Test
    void thePiecesOfALongPromptTakeTheSameMemoryAgain() {
        MlaConfig config = MlaOracle.direct();
        MlaWeights w = MlaOracle.weights(config, 3);
        MlaPrefill prefill = new MlaPrefill(w);
        MlaDecode decode = new MlaDecode(w, 1 << 12);
        int piece = 40;
        LatentCache expanded = new LatentCache(config, 4000);
        LatentCache absorbed = new LatentCache(config, 4000);
        Workspace workspace = new Workspace();
        Tensor x = MlaOracle.input(config, piece, 4);
        while (expanded.length() + piece <= expanded.maxLength()) {
            try (Workspace.Scope step = workspace.open()) {
                prefill.forward(x, expanded, expanded.length());
                decode.forward(x, absorbed, absorbed.length());
            }
        }
        // Keys and values in powers of two, the smaller ones as large as the largest together, and what is of one size;
        // a hundred sizes would be fifty times the longest.
        long longest = 4L * 4096 * config.numAttentionHeads() * (config.qkHeadDim() + config.vHeadDim());
        assertThat(workspace.bytes()).isLessThan(12 * longest);
    }

    @Test
    void manyNewTokensInSlabsAreTheSameBits() {
        MlaConfig config = MlaOracle.lowRank();
        MlaWeights w = MlaOracle.weights(config, 1);
        Tensor x = MlaOracle.input(config, 300, 2);
        float[] whole =
                new MlaDecode(w).forward(x, new LatentCache(config, 300), 0).toArray();
        long sevenTokens = 7L * 2 * config.numAttentionHeads() * config.kvLoraRank();
        float[] slabs = new MlaDecode(w, sevenTokens)
                .forward(x, new LatentCache(config, 300), 0)
                .toArray();
        assertThat(slabs).isEqualTo(whole);
    }

    @Test
    void inferenceExpandsPromptsAndAbsorbsSingleTokens() {
        MlaConfig v3 = new MlaConfig(7168, 128, new QueryProjection.LowRank(1536), 512, 128, 64, 128, MlaOracle.YARN);
        assertThat(MlaInference.expandedIsCheaper(v3, 1000, 0)).isTrue();
        assertThat(MlaInference.expandedIsCheaper(v3, 1, 1000)).isFalse();
        assertThat(MlaInference.expandedIsCheaper(v3, 8, 100_000)).isFalse();
        MlaConfig sixteenHeads =
                new MlaConfig(1024, 16, new QueryProjection.LowRank(384), 256, 64, 32, 64, MlaOracle.YARN);
        assertThat(MlaInference.expandedIsCheaper(sixteenHeads, 256, 16_384)).isTrue();
        assertThat(MlaInference.expandedIsCheaper(sixteenHeads, 16, 16_384)).isFalse();
        assertThat(MlaInference.expandedIsCheaper(sixteenHeads, 256, 32_768)).isFalse();
    }

    @Test
    void sequencesOfABatchDoNotSeeEachOther() {
        MlaConfig config = MlaOracle.lowRank();
        MlaTrain train = new MlaTrain(MlaOracle.weights(config, 1));
        Tensor x = MlaOracle.input(config, 2 * 9, 2);
        Tensor both = train.forward(x, 2, 9);
        assertThat(both.slice(0, 9).toArray())
                .isEqualTo(train.forward(x.slice(0, 9), 1, 9).toArray());
        assertThat(both.slice(9, 18).toArray())
                .isEqualTo(train.forward(x.slice(9, 18), 1, 9).toArray());
    }

    @Test
    void laterTokensDoNotChangeEarlierOnes() {
        MlaConfig config = MlaOracle.direct();
        MlaTrain train = new MlaTrain(MlaOracle.weights(config, 1));
        Tensor x = MlaOracle.input(config, 12, 2);
        Tensor y = train.forward(x, 1, 12);
        Tensor changed = x.copy();
        for (int i = 7 * config.hiddenSize(); i < x.size(); i++) {
            changed.array()[i] += 1f;
        }
        Tensor z = train.forward(changed, 1, 12);
        assertThat(z.slice(0, 7).toArray()).isEqualTo(y.slice(0, 7).toArray());
        assertThat(z.slice(7, 12).toArray()).isNotEqualTo(y.slice(7, 12).toArray());
    }

    @Test
    void resultsAndGradientsAreTheSameBitsForAnyNumberOfThreads() {
        int before = Parallel.threads();
        try {
            List<float[]> one = trainAndDecode(1);
            assertThat(trainAndDecode(3)).usingRecursiveComparison().isEqualTo(one);
        } finally {
            Parallel.setThreads(before);
        }
    }

    private static List<float[]> trainAndDecode(int threads) {
        Parallel.setThreads(threads);
        MlaConfig config = MlaOracle.lowRank();
        MlaWeights w = MlaOracle.weights(config, 1);
        Tensor x = MlaOracle.input(config, 2 * 70, 2);
        List<float[]> all = new ArrayList<>();
        try (Workspace.Scope step = new Workspace().open();
                Tape tape = Tape.open()) {
            Tensor y = new MlaTrain(w).forward(x, 2, 70);
            all.add(y.toArray());
            tape.backward(Sum.sum(Mul.mul(y, y)));
        }
        w.parameters().forEach(p -> all.add(p.value().grad().toArray()));
        LatentCache cache = new LatentCache(config, 1000);
        all.add(new MlaInference(w).forward(x, cache, 0).toArray());
        all.add(new MlaDecode(w).forward(x.slice(0, 2), cache, 140).toArray());
        return all;
    }

    @Test
    void decodingSeesChangedWeights() {
        MlaConfig config = MlaOracle.direct();
        MlaWeights w = MlaOracle.weights(config, 1);
        Tensor x = MlaOracle.input(config, 1, 2);
        MlaDecode decode = new MlaDecode(w);
        float[] before = decode.forward(x, new LatentCache(config, 4), 0).toArray();
        Tensor wkvB = w.wkvB().weight();
        wkvB.set(Tensor.randn(new SplittableRandom(9), 0f, 0.4f, wkvB.shape().dims()));
        Tensor after = decode.forward(x, new LatentCache(config, 4), 0);
        assertThat(after.toArray()).isNotEqualTo(before);
        assertClose(after, MlaOracle.layer(w, x));
    }

    @Test
    void parametersHaveDeepSeeksNames() {
        assertThat(MlaOracle.weights(MlaOracle.direct(), 1).parameters())
                .extracting(p -> p.name() + p.value().shape())
                .containsExactly("wq(28, 12)", "wkvA(22, 12)", "kvNorm(16)", "wkvB(36, 16)", "wo(12, 20)");
        List<String> names = new ArrayList<>();
        MlaOracle.weights(MlaOracle.lowRank(), 1).visit("layers.0.attn", p -> names.add(p.name()));
        assertThat(names)
                .containsExactly(
                        "layers.0.attn.wqA",
                        "layers.0.attn.qNorm",
                        "layers.0.attn.wqB",
                        "layers.0.attn.wkvA",
                        "layers.0.attn.kvNorm",
                        "layers.0.attn.wkvB",
                        "layers.0.attn.wo");
    }

    @Test
    void weightsOfOtherSizesAreSaid() {
        MlaConfig config = MlaOracle.direct();
        MlaWeights w = MlaOracle.weights(config, 1);
        assertThatThrownBy(() -> new MlaWeights(config, w.query(), w.wkvA(), w.kvNorm(), w.wo(), w.wo()))
                .hasMessage("mla: wkvB is (12, 20); the configuration needs (36, 16)");
        assertThatThrownBy(() -> new MlaTrain(w).forward(MlaOracle.input(config, 10, 1), 2, 6))
                .hasMessageContaining("q has shape (10, 28)")
                .hasMessageContaining("(12, 28)");
    }

    private static double[] rows(double[] x, MlaConfig config, int from, int to) {
        return Arrays.copyOfRange(x, from * config.hiddenSize(), to * config.hiddenSize());
    }

    private static void assertClose(Tensor actual, double[] expected) {
        assertClose(actual, expected, scale(expected));
    }

    private static void assertClose(Tensor actual, double[] expected, double scale) {
        TensorAssert.assertClose("result", actual, expected, TOLERANCE * scale, 0);
    }

    private static double scale(double[] x) {
        return Arrays.stream(x).map(Math::abs).max().orElseThrow();
    }
}
