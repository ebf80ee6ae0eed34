package dev.eva.tests.golden;

import static dev.eva.tests.golden.Golden.assertClose;
import static dev.eva.tests.golden.Golden.assertCloseToMax;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.mla.LatentCache;
import dev.eva.mla.MlaDecode;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.ParameterShape;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.HfNames;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.model.generate.Generator;
import dev.eva.model.generate.Sampling;
import dev.eva.moe.Routing;
import dev.eva.nn.Parameter;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.CrossEntropy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Small checkpoints against Hugging Face transformers: everything that a forward and a backward pass compute, and
 * decoding from the latent cache. Tolerances are five times what float32 data differ from an independent float64 run.
 */
@Tag("kernels")
class GoldenModelTest {
    private static final double LOGITS = 2e-4;
    private static final double HIDDEN = 3e-5;
    private static final double LOSS = 2e-5;

    @ParameterizedTest
    @ValueSource(strings = {"v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny", "v3-mtp-tiny"})
    void forwardAgrees(String name) {
        DeepSeekModel model = Checkpoint.load(Golden.path(name));
        try (SafetensorsFile expected = Golden.open(name + "/expected.safetensors.gz")) {
            Map<String, float[]> seen = new HashMap<>();
            DeepSeekModel.Output out = model.forward(
                    expected.ints("input_ids"), (what, layer, value) -> seen.put(what + "." + layer, value.toArray()));
            assertClose("logits", out.logits(), values(expected, "logits"), LOGITS);
            for (int l = 0; l <= model.config().numHiddenLayers(); l++) {
                String key = "hidden." + l;
                assertCloseToMax(key, seen.get("hidden." + (l - 1)), values(expected, key), HIDDEN);
            }
            for (int l = 0; l < model.config().numHiddenLayers(); l++) {
                assertCloseToMax("attn." + l, seen.get("attn." + l), values(expected, "attn." + l), HIDDEN);
            }
            assertCloseToMax("final_norm", seen.get("norm.-1"), values(expected, "final_norm"), HIDDEN);
            routing(model.config(), out.routings(), seen, expected);
        }
    }

    /** Expert ids must be equal; in Eva they stand in the order of choice, in the reference by rising id. */
    private static void routing(
            DeepSeekConfig config, List<Routing> routings, Map<String, float[]> seen, SafetensorsFile expected) {
        assertThat(routings).hasSize(config.moeLayers());
        double tolerance = 1e-5 * Math.max(1, config.moe().routedScalingFactor());
        for (int i = 0; i < routings.size(); i++) {
            String layer = "router." + (config.firstKDenseReplace() + i);
            String logits = "router.logits." + (config.firstKDenseReplace() + i);
            assertCloseToMax(layer + ".logits", seen.get(logits), values(expected, layer + ".logits"), HIDDEN);
            SortedRouting sorted = SortedRouting.of(routings.get(i));
            assertThat(sorted.ids())
                    .as(layer + ".indices")
                    .isEqualTo(expected.ints(layer + ".indices").array());
            assertClose(layer + ".weights", sorted.weights(), values(expected, layer + ".weights"), tolerance);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny"})
    void lossAndEveryGradientAgree(String name) {
        DeepSeekModel model = Checkpoint.load(Golden.path(name));
        try (SafetensorsFile expected = Golden.open(name + "/expected.safetensors.gz")) {
            IntTensor ids = expected.ints("input_ids");
            float loss;
            try (Workspace.Scope step = new Workspace().open();
                    Tape tape = Tape.open()) {
                Tensor l = CrossEntropy.crossEntropy(model.forward(ids).logits(), Targets.next(ids));
                loss = l.item();
                tape.backward(l);
            }
            assertThat((double) loss).isCloseTo(expected.tensor("loss").get(0), within(LOSS));
            List<String> compared = new ArrayList<>();
            for (Parameter p : model.parameters()) {
                if (p.role() != Parameter.Role.BUFFER) {
                    gradients(p, expected, compared);
                }
            }
            assertThat(compared)
                    .containsExactlyInAnyOrderElementsOf(expected.entries().keySet().stream()
                            .filter(k -> k.startsWith("grad."))
                            .toList());
        }
    }

    private static void gradients(Parameter p, SafetensorsFile expected, List<String> compared) {
        float[] all = p.value().gradOrZeros().toArray();
        for (HfNames.Piece piece : HfNames.pieces(p.name(), p.value().shape().dims())) {
            String key = "grad." + piece.name();
            float[] grad = Golden.gradient(expected, key);
            float[] actual = Arrays.copyOfRange(all, piece.offset(), piece.offset() + piece.size());
            assertClose(key, actual, grad, 5e-5 * Golden.maxAbs(grad) + 1e-6);
            compared.add(key);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny", "v3-mtp-tiny"})
    void greedyDecodingGivesTheSameTokens(String name) {
        DeepSeekModel model = Checkpoint.load(Golden.path(name));
        try (SafetensorsFile expected = Golden.open(name + "/expected.safetensors.gz")) {
            IntTensor prompts = expected.ints("prompt_ids");
            IntTensor continued = expected.ints("generated_ids");
            for (int b = 0; b < prompts.dim(0); b++) {
                List<Integer> tokens = new ArrayList<>();
                new Generator(model, Sampling.GREEDY)
                        .generate(row(prompts, b), continued.dim(1), new Random(0), tokens::add);
                assertThat(tokens)
                        .containsExactlyElementsOf(
                                Arrays.stream(row(continued, b)).boxed().toList());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny", "v3-mtp-tiny"})
    void absorbedDecodingEqualsTheFullForwardPassTokenByToken(String name) {
        DeepSeekModel model = Checkpoint.load(Golden.path(name));
        int vocab = model.config().vocabSize();
        try (SafetensorsFile expected = Golden.open(name + "/expected.safetensors.gz")) {
            IntTensor ids = expected.ints("input_ids");
            float[] logits = values(expected, "logits");
            float[] full = model.forward(ids).logits().toArray();
            List<MlaDecode> attention =
                    model.layers().stream().map(l -> new MlaDecode(l.attn())).toList();
            for (int b = 0; b < ids.dim(0); b++) {
                List<LatentCache> caches = IntStream.range(0, attention.size())
                        .mapToObj(l -> new LatentCache(model.config().mla(), ids.dim(1)))
                        .toList();
                for (int t = 0; t < ids.dim(1); t++) {
                    int at = b * ids.dim(1) + t;
                    int position = t;
                    Tensor x = model.hidden(
                            IntTensor.of(new int[] {ids.get(at)}, 1, 1),
                            l -> h -> attention.get(l).forward(h, caches.get(l), position));
                    float[] step = model.logits(x).toArray();
                    String what = "token " + t + " of sequence " + b;
                    assertClose(what, step, Arrays.copyOfRange(full, at * vocab, (at + 1) * vocab), LOGITS);
                    assertClose(what, step, Arrays.copyOfRange(logits, at * vocab, (at + 1) * vocab), LOGITS);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3-tiny", "moonlight-tiny", "v2-lite-tiny", "v2-tiny", "v3-mtp-tiny"})
    void theShapesKnownFromTheConfigAreTheModels(String name) {
        DeepSeekModel model = Checkpoint.load(Golden.path(name));
        assertThat(model.parameters().stream().map(p -> p.name() + p.value().shape()))
                .containsExactlyElementsOf(ParameterShape.of(model.config()).stream()
                        .map(s -> s.name() + Shape.of(s.dims()))
                        .toList());
    }

    private static float[] values(SafetensorsFile file, String name) {
        return file.tensor(name).toArray();
    }

    private static int[] row(IntTensor t, int i) {
        return Arrays.copyOfRange(t.array(), i * t.dim(1), (i + 1) * t.dim(1));
    }
}
