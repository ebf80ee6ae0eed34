package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.fp8.E4m3;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.ParameterCount;
import dev.eva.model.ParameterShape;
import dev.eva.model.checkpoint.ConfigJson.Mode;
import dev.eva.nn.Parameter;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class CheckpointTest {
    private static final DeepSeekConfig CONFIG = ConfigJson.parse("""
        {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 36, "num_attention_heads": 2,
         "q_lora_rank": 10, "kv_lora_rank": 12, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6,
         "n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "moe_intermediate_size": 16}\
        """, "test", Mode.STRICT);

    private static final String ROUTER_BIAS = "model.layers.1.mlp.gate.e_score_correction_bias";

    @TempDir
    Path dir;

    private DeepSeekModel model;

    @BeforeEach
    void model() {
        Random random = new Random(3);
        model = DeepSeekModel.random(CONFIG, random);
        for (Parameter p : model.parameters()) {
            p.value().set(Tensor.randn(random, 0, 1, p.value().shape().dims()));
        }
    }

    @Test
    void savesAndLoadsEveryBit() {
        Checkpoint.save(model, dir);
        assertThat(values(Checkpoint.load(dir))).isEqualTo(values(model));
        assertThat(values(Checkpoint.load(dir.resolve("model.safetensors")))).isEqualTo(values(model));
    }

    @Test
    void aSmallModelIsOpenedOnTheHeapUnlessItIsToBeMapped() {
        Checkpoint.save(model, dir);
        try (MappedModel small = Checkpoint.open(dir);
                MappedModel mapped = Checkpoint.openMapped(dir)) {
            assertThat(values(small.model())).isEqualTo(values(model));
            assertThat(mapped.model().parameters()).hasSizeLessThan(model.parameters().size());
        }
    }

    @Test
    void theFileHasHuggingFacesNamesAndOneTensorAnExpert() {
        Checkpoint.save(model, dir);
        Map<String, Tensor> mine = new LinkedHashMap<>();
        model.parameters().forEach(p -> mine.put(p.name(), p.value()));
        try (SafetensorsFile file = SafetensorsFile.open(dir.resolve("model.safetensors"))) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.entries()).hasSize(2 + 1 + 2 * 9 + 3 + 2 + 4 * 3 + 3);
            Tensor w13 = mine.get("layers.1.ffn.experts.w13");
            assertThat(file.tensor("model.layers.1.mlp.experts.3.gate_proj.weight")
                            .toArray())
                    .isEqualTo(part(w13, 3 * 32 * 24, 16 * 24));
            assertThat(file.tensor("model.layers.1.mlp.experts.3.up_proj.weight")
                            .toArray())
                    .isEqualTo(part(w13, 3 * 32 * 24 + 16 * 24, 16 * 24));
            assertThat(file.tensor("model.layers.1.mlp.experts.2.down_proj.weight")
                            .toArray())
                    .isEqualTo(part(mine.get("layers.1.ffn.experts.w2"), 2 * 24 * 16, 24 * 16));
            assertThat(file.tensor("model.layers.0.mlp.up_proj.weight").toArray())
                    .isEqualTo(part(mine.get("layers.0.ffn.w13"), 36 * 24, 36 * 24));
            assertThat(file.tensor(ROUTER_BIAS).toArray())
                    .isEqualTo(mine.get("layers.1.ffn.gateBias").toArray());
        }
    }

    @Test
    void theShapesKnownFromTheConfigAreTheModels() {
        assertThat(model.parameters().stream().map(p -> p.name() + p.value().shape()))
                .containsExactlyElementsOf(ParameterShape.of(CONFIG).stream()
                        .map(s -> s.name() + Tensor.zeros(s.dims()).shape())
                        .toList());
        long trained = model.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .mapToLong(p -> p.value().size())
                .sum();
        assertThat(ParameterCount.of(CONFIG).total()).isEqualTo(trained);
    }

    @Test
    void readsShardsWithFp8WeightsWhoseScalesLieElsewhere() throws IOException {
        Checkpoint.save(model, dir);
        String weight = "model.layers.0.mlp.down_proj.weight";
        byte[] codes = new byte[24 * 36];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (i % 0x7F | (i & 0x80));
        }
        SafetensorsWriter first = new SafetensorsWriter().add(weight, StoredType.F8_E4M3, codes, 24, 36);
        SafetensorsWriter second = new SafetensorsWriter().add(weight + "_scale_inv", Tensor.full(0.37f, 1, 1));
        Map<String, String> home =
                new LinkedHashMap<>(Map.of(weight, "a.safetensors", weight + "_scale_inv", "b.safetensors"));
        try (SafetensorsFile whole = SafetensorsFile.open(dir.resolve("model.safetensors"))) {
            for (String name : whole.entries().keySet()) {
                if (!name.equals(weight)) {
                    boolean a = name.hashCode() % 2 == 0;
                    (a ? first : second).add(name, whole.tensor(name));
                    home.put(name, a ? "a.safetensors" : "b.safetensors");
                }
            }
        }
        first.write(dir.resolve("a.safetensors"));
        second.write(dir.resolve("b.safetensors"));
        Files.delete(dir.resolve("model.safetensors"));
        Files.writeString(
                dir.resolve("model.safetensors.index.json"),
                JsonMapper.shared().writeValueAsString(Map.of("weight_map", home)));
        Map<String, List<Float>> expected = values(model);
        List<Float> w2 = expected.get("layers.0.ffn.w2");
        w2.clear();
        for (byte code : codes) {
            w2.add(E4m3.decode(code) * 0.37f);
        }
        assertThat(values(Checkpoint.load(dir))).isEqualTo(expected);

        Files.delete(dir.resolve("b.safetensors"));
        assertThatThrownBy(() -> Checkpoint.load(dir)).hasMessage(dir.resolve("b.safetensors") + ": no such file");
        new SafetensorsWriter().write(dir.resolve("b.safetensors"));
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("is not in b.safetensors, where the index has it");
    }

    /** Codes in both formats, scales in every type, on the heap and mapped. */
    @ParameterizedTest
    @CsvSource({"F8_E4M3, F32", "F8_E4M3, F8_E8M0", "F8_E4M3, BF16", "F8_E5M2, F32", "F8_E5M2, F8_E8M0"})
    void readsFp8InEitherFormatWithScalesOfAnyType(StoredType type, StoredType scaleType) {
        String weight = "model.layers.0.mlp.down_proj.weight";
        byte[] codes = new byte[24 * 36];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (i % 0x7A | (i & 0x80));
        }
        // 2^-3 in each
        byte[] scale = switch (scaleType) {
            case F32 -> new byte[] {0, 0, 0, 0x3E};
            case BF16 -> new byte[] {0, 0x3E};
            default -> new byte[] {124};
        };
        rewrite(
                writer -> {
                    writer.add(weight, type, codes, 24, 36);
                    writer.add(weight + "_scale_inv", scaleType, scale, 1, 1);
                },
                weight);
        float[] expected = new float[codes.length];
        for (int i = 0; i < codes.length; i++) {
            expected[i] = type.fp8().orElseThrow().decode(codes[i]) / 8;
        }
        Tensor w2 = Checkpoint.load(dir).parameters().stream()
                .filter(p -> p.name().equals("layers.0.ffn.w2"))
                .findFirst()
                .orElseThrow()
                .value();
        assertThat(w2.toArray()).containsExactly(expected);
        try (MappedModel mapped = Checkpoint.openMapped(dir)) {
            assertThat(mapped.linear(weight).weight().toArray()).containsExactly(expected);
        }
    }

    @Test
    void aConfigOfAnotherModelIsToldWithoutAListOfItsTensors() {
        Checkpoint.save(model, dir);
        ConfigJson.write(
                ConfigJson.parse(
                        ConfigJson.toJson(CONFIG).replace("\"n_routed_experts\" : 4", "\"n_routed_experts\" : 4096"),
                        "test",
                        Mode.LENIENT),
                dir.resolve("config.json"));
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("4096 experts")
                .hasMessageContaining("do not belong together");
    }

    @Test
    void predictionLayersThatTheConfigDoesNotHaveAreToldAndLeftOut() {
        rewrite(writer -> writer.add("model.layers.2.eh_proj.weight", Tensor.zeros(24, 48)), "");
        try (CheckpointFiles files = CheckpointFiles.open(dir)) {
            assertThat(files.predictionLayerNames()).containsExactly("model.layers.2.eh_proj.weight");
            assertThat(values(Checkpoint.load(files))).isEqualTo(values(model));
        }
    }

    private void withPrediction(int layers) {
        Random random = new Random(5);
        model = DeepSeekModel.random(CONFIG.withPredictionLayers(layers), random);
        for (Parameter p : model.parameters()) {
            p.value().set(Tensor.randn(random, 0, 1, p.value().shape().dims()));
        }
    }

    @Test
    void predictionLayersAreSavedAndLoadedUnderTheNamesOfTheReleases() {
        withPrediction(2);
        Checkpoint.save(model, dir);
        try (CheckpointFiles files = CheckpointFiles.open(dir)) {
            assertThat(files.config().numNextnPredictLayers()).isEqualTo(2);
            assertThat(files.names())
                    .contains(
                            "model.layers.2.enorm.weight",
                            "model.layers.2.hnorm.weight",
                            "model.layers.3.eh_proj.weight",
                            "model.layers.3.shared_head.norm.weight",
                            "model.layers.3.input_layernorm.weight",
                            "model.layers.3.self_attn.o_proj.weight",
                            "model.layers.3.mlp.experts.3.up_proj.weight");
        }
        DeepSeekModel loaded = Checkpoint.load(dir);
        assertThat(values(loaded)).isEqualTo(values(model));
        assertThat(loaded.predictionLayers()).hasSize(2);
        assertThat(loaded.parameters().stream().map(p -> p.name() + p.value().shape()))
                .containsExactlyElementsOf(ParameterShape.of(model.config()).stream()
                        .map(s -> s.name() + Tensor.zeros(s.dims()).shape())
                        .toList());
    }

    @Test
    void aCheckpointMayLeaveItsPredictionLayersOutButNotAPartOfThem() {
        Checkpoint.save(model, dir);
        ConfigJson.write(CONFIG.withPredictionLayers(1), dir.resolve("config.json"));
        DeepSeekModel loaded = Checkpoint.load(dir);
        assertThat(values(loaded)).isEqualTo(values(model));
        assertThat(loaded.config().numNextnPredictLayers()).isZero();

        withPrediction(1);
        rewrite(writer -> {}, "model.layers.2.hnorm.weight");
        assertThatThrownBy(() -> Checkpoint.load(dir)).hasMessageContaining("missing model.layers.2.hnorm.weight");
    }

    @Test
    void copiesOfEmbeddingAndHeadMustBeCopies() {
        withPrediction(1);
        Tensor embed = model.parameters().getFirst().value();
        Tensor head = model.parameters().stream()
                .filter(p -> p.name().equals("head"))
                .findFirst()
                .orElseThrow()
                .value();
        String embedCopy = "model.layers.2.embed_tokens.weight";
        String headCopy = "model.layers.2.shared_head.head.weight";
        rewrite(writer -> writer.add(embedCopy, embed).add(headCopy, head), "");
        assertThat(values(Checkpoint.load(dir))).isEqualTo(values(model));

        rewrite(writer -> writer.add(embedCopy, embed).add(headCopy, embed), "");
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .hasMessage(dir + ": tensors do not fit the config: " + headCopy
                        + " differs from lm_head.weight, need a copy or none");
    }

    @Test
    void allThatDoesNotFitStandsInOneLine() {
        rewrite(
                writer -> writer.add("model.norm.weight", Tensor.zeros(25))
                        .add("lm_head.weigth", Tensor.zeros(40, 24))
                        .add(ROUTER_BIAS, IntTensor.of(new int[4], 4))
                        .add("model.layers.0.self_attn.o_proj.weight", StoredType.F8_E4M3, new byte[24 * 12], 24, 12),
                "lm_head.weight");
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(dir + ": tensors do not fit the config:"
                        + " model.layers.0.self_attn.o_proj.weight has dtype F8_E4M3 without a"
                        + " model.layers.0.self_attn.o_proj.weight_scale_inv;"
                        + " " + ROUTER_BIAS + " has dtype I32, need F32, BF16, F16, F8_E4M3 or F8_E5M2;"
                        + " model.norm.weight has shape (25), need (24);"
                        + " missing lm_head.weight (nearest: lm_head.weigth); unexpected lm_head.weigth");
    }

    @Test
    void aTruncatedFileIsRefusedByName() throws IOException {
        Checkpoint.save(model, dir);
        Path file = dir.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 100));
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": tensor lm_head.weight ends at byte " + bytes.length)
                .hasMessageEndingWith("is it truncated?");
    }

    @Test
    void whatIsNoCheckpointIsSaid() throws IOException {
        assertThatThrownBy(() -> Checkpoint.load(dir.resolve("none")))
                .hasMessage(dir.resolve("none") + ": no such file or folder");
        assertThatThrownBy(() -> Checkpoint.load(dir)).hasMessage(dir + ": not a checkpoint: no config.json in it");
        ConfigJson.write(CONFIG, dir.resolve("config.json"));
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .hasMessage(
                        dir + ": not a checkpoint: neither model.safetensors nor model.safetensors.index.json in it");
        Files.writeString(dir.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"../b\"}}");
        assertThatThrownBy(() -> Checkpoint.load(dir))
                .hasMessageContaining("weight_map.a is \"../b\"; need the name of a file");
    }

    @Test
    void aFullDiskKeepsTheOldCheckpoint() throws IOException {
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")), "needs a system with /dev/full");
        Checkpoint.save(model, dir);
        Files.createSymbolicLink(dir.resolve("model.safetensors.tmp"), Path.of("/dev/full"));
        DeepSeekModel other = DeepSeekModel.random(CONFIG, new Random(4));
        assertThatThrownBy(() -> Checkpoint.save(other, dir))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("save " + dir.resolve("model.safetensors")
                        + ": No space left on device; the file of before is untouched");
        assertThat(values(Checkpoint.load(dir))).isEqualTo(values(model));
    }

    /** Saves the model with some tensors replaced or added, and one left out. */
    private void rewrite(Consumer<SafetensorsWriter> change, String without) {
        Checkpoint.save(model, dir);
        SafetensorsWriter writer = new SafetensorsWriter();
        change.accept(writer);
        Path file = dir.resolve("model.safetensors");
        try (SafetensorsFile whole = SafetensorsFile.open(file)) {
            for (String name : whole.entries().keySet()) {
                if (!name.equals(without) && !writer.has(name)) {
                    writer.add(name, whole.tensor(name));
                }
            }
        }
        writer.write(file);
    }

    private static Map<String, List<Float>> values(DeepSeekModel model) {
        Map<String, List<Float>> all = new LinkedHashMap<>();
        for (Parameter p : model.parameters()) {
            List<Float> list = new ArrayList<>();
            for (float v : p.value().toArray()) {
                list.add(v);
            }
            all.put(p.name(), list);
        }
        return all;
    }

    private static float[] part(Tensor t, int from, int length) {
        return Arrays.copyOfRange(t.toArray(), from, from + length);
    }
}
