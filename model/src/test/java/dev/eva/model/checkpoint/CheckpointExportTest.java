package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.fp8.E4m3;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.CheckpointExport.Form;
import dev.eva.model.checkpoint.ConfigJson.Mode;
import dev.eva.model.text.CharTokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CheckpointExportTest {
    private static final DeepSeekConfig CONFIG = ConfigJson.parse("""
        {"vocab_size": 40, "hidden_size": 24, "num_hidden_layers": 2, "intermediate_size": 36, "num_attention_heads": 2,
         "q_lora_rank": 10, "kv_lora_rank": 12, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6,
         "n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2, "moe_intermediate_size": 16,
         "rope_theta": 50000, "rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 64,
         "mscale": 0.7, "mscale_all_dim": 0.8}}\
        """, "test", Mode.STRICT);

    private static final Form F32 = new Form(StoredType.F32, Long.MAX_VALUE);
    private static final Form BF16 = new Form(StoredType.BF16, Long.MAX_VALUE);

    @TempDir
    Path dir;

    private Path source;
    private Path target;
    private DeepSeekModel model;

    @BeforeEach
    void source() {
        SplittableRandom random = new SplittableRandom(3);
        source = dir.resolve("source");
        target = dir.resolve("target");
        model = DeepSeekModel.random(CONFIG, random);
        for (Parameter p : model.parameters()) {
            p.value().set(Tensor.randn(random, 0, 1, p.value().shape().dims()));
        }
        Checkpoint.save(model, source);
    }

    @Test
    void float32KeepsEveryBit() {
        CheckpointExport.Result result = export(F32);

        assertThat(bits(Checkpoint.load(target))).isEqualTo(bits(model));
        assertThat(result.files()).isEqualTo(1);
        assertThat(result.tokenizer()).isFalse();
        assertThat(result.bytes())
                .isEqualTo(model.parameters().stream()
                        .mapToLong(p -> 4L * p.value().size())
                        .sum());
    }

    @Test
    void bfloat16IsTheNearestAndTheRoutingBiasStays() {
        export(BF16);

        Map<String, List<Integer>> expected = bits(model);
        expected.forEach((name, bits) -> {
            if (!name.endsWith("gateBias")) {
                bits.replaceAll(b -> Float.floatToRawIntBits(nearest(Float.intBitsToFloat(b))));
            }
        });
        assertThat(bits(Checkpoint.load(target))).isEqualTo(expected);
        try (SafetensorsFile file = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            assertThat(file.entry("model.layers.1.mlp.gate.e_score_correction_bias").type())
                    .isEqualTo(StoredType.F32);
            assertThat(file.entry("lm_head.weight").type()).isEqualTo(StoredType.BF16);
        }
    }

    @Test
    void shardsHaveTheirSizeAndTheIndexNamesThem() throws IOException {
        long most = 4_000;
        CheckpointExport.Result result = export(new Form(StoredType.F32, most));

        JsonNode index = JsonMapper.shared()
                .readTree(Files.readString(target.resolve("model.safetensors.index.json")));
        Map<String, String> home = new LinkedHashMap<>();
        index.get("weight_map").properties().forEach(e -> home.put(e.getKey(), e.getValue().stringValue()));
        Map<String, String> found = new LinkedHashMap<>();
        long size = 0;
        for (int i = 1; i <= result.files(); i++) {
            String name = String.format(java.util.Locale.ROOT, "model-%05d-of-%05d.safetensors", i, result.files());
            try (SafetensorsFile file = SafetensorsFile.open(target.resolve(name))) {
                long bytes = file.entries().values().stream()
                        .mapToLong(SafetensorsFile.Entry::bytes)
                        .sum();
                assertThat(bytes <= most || file.entries().size() == 1).as(name + ": " + bytes).isTrue();
                assertThat(file.metadata()).containsEntry("format", "pt");
                file.entries().keySet().forEach(n -> found.put(n, name));
                size += bytes;
            }
        }
        assertThat(result.files()).isGreaterThan(5);
        assertThat(home).isEqualTo(found);
        assertThat(index.get("metadata").get("total_size").longValue()).isEqualTo(size).isEqualTo(result.bytes());
        assertThat(target.resolve("model.safetensors")).doesNotExist();
        assertThat(bits(Checkpoint.load(target))).isEqualTo(bits(model));
    }

    @Test
    void theConfigHasBothSpellingsAndTheTypeOfTheWeights() throws IOException {
        Path given = source.resolve("config.json");
        Files.writeString(given, Files.readString(given).replaceFirst("\\{", "{\"eos_token_id\": 7,"));
        export(BF16);

        JsonNode config = JsonMapper.shared().readTree(Files.readString(target.resolve("config.json")));
        assertThat(config.get("architectures").get(0).stringValue()).isEqualTo("DeepseekV3ForCausalLM");
        assertThat(config.get("torch_dtype").stringValue()).isEqualTo("bfloat16");
        assertThat(config.get("dtype").stringValue()).isEqualTo("bfloat16");
        assertThat(config.get("rope_scaling").get("factor").doubleValue()).isEqualTo(4);
        assertThat(config.get("rope_parameters").get("rope_type").stringValue()).isEqualTo("yarn");
        assertThat(config.get("rope_parameters").get("rope_theta").doubleValue()).isEqualTo(50000);
        assertThat(config.get("bos_token_id").isNull()).isTrue();
        assertThat(config.get("eos_token_id").intValue()).isEqualTo(7);
        JsonNode generation =
                JsonMapper.shared().readTree(Files.readString(target.resolve("generation_config.json")));
        assertThat(generation.get("eos_token_id").intValue()).isEqualTo(7);
        assertThat(ConfigJson.read(target.resolve("config.json"))).isEqualTo(CONFIG);
        assertThat(ConfigJson.read(target.resolve("config.json"), Mode.STRICT)).isEqualTo(CONFIG);
    }

    @Test
    void fp8IsWidenedByTheScalesOfItsBlocks() throws IOException {
        String weight = "model.layers.0.mlp.down_proj.weight";
        DeepSeekConfig wide = ConfigJson.parse(
                ConfigJson.toJson(CONFIG).replaceFirst("\"intermediate_size\" : 36", "\"intermediate_size\" : 200"),
                "test",
                Mode.STRICT);
        DeepSeekModel other = DeepSeekModel.random(wide, new SplittableRandom(5));
        Checkpoint.save(other, source);
        byte[] codes = new byte[24 * 200];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (i % 0x7F | (i & 0x80));
        }
        SafetensorsWriter writer = new SafetensorsWriter()
                .add(weight, StoredType.F8_E4M3, codes, 24, 200)
                .add(weight + "_scale_inv", Tensor.of(new float[] {0.37f, 5f}, 1, 2));
        try (SafetensorsFile whole = SafetensorsFile.open(source.resolve("model.safetensors"))) {
            whole.entries().keySet().stream()
                    .filter(n -> !n.equals(weight))
                    .forEach(n -> writer.add(n, whole.tensor(n)));
        }
        writer.write(source.resolve("model.safetensors"));
        export(F32);

        try (SafetensorsFile file = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            assertThat(file.entries()).doesNotContainKey(weight + "_scale_inv");
            float[] values = file.tensor(weight).toArray();
            for (int i = 0; i < codes.length; i++) {
                assertThat(values[i]).isEqualTo(E4m3.decode(codes[i]) * (i % 200 < 128 ? 0.37f : 5f));
            }
        }
        assertThat(bits(Checkpoint.load(target))).isEqualTo(bits(Checkpoint.load(source)));
    }

    @Test
    void predictionLayersGoAlongWithTheirCopiesOfEmbeddingAndHead() {
        DeepSeekModel predicting = DeepSeekModel.random(CONFIG.withPredictionLayers(1), new SplittableRandom(6));
        Checkpoint.save(predicting, source);
        export(BF16);
        try (SafetensorsFile file = SafetensorsFile.open(target.resolve("model.safetensors"))) {
            assertThat(file.tensor("model.layers.2.shared_head.head.weight").toArray())
                    .isEqualTo(file.tensor("lm_head.weight").toArray());
        }
        Path again = dir.resolve("again");
        CheckpointExport.write(target, target, F32, again);
        assertThat(bits(Checkpoint.load(again)))
                .isEqualTo(bits(Checkpoint.load(target)))
                .containsKey("layers.2.ehProj");
    }

    @Test
    void tokenizersGoAlong() throws IOException {
        CharTokenizer chars = CharTokenizer.of("\nabc \u00e9\"\\\ud83d\ude00");
        Tokenizers.save(chars, source);
        assertThat(export(F32).tokenizer()).isTrue();
        assertThat(Tokenizers.load(target).fingerprint()).isEqualTo(chars.fingerprint());

        Path again = dir.resolve("again");
        Files.writeString(target.resolve("chat_template.jinja"), "{{ messages }}");
        Files.delete(target.resolve("tokenizer_config.json"));
        CheckpointExport.write(target, target, F32, again);
        assertThat(again.resolve("tokenizer.json")).hasSameTextualContentAs(target.resolve("tokenizer.json"));
        assertThat(again.resolve("chat_template.jinja")).hasContent("{{ messages }}");
        assertThat(again.resolve("tokenizer_config.json")).content().contains("PreTrainedTokenizerFast", "4096");
    }

    @Test
    void onlyANewOrEmptyFolderIsWritten() throws IOException {
        Files.createDirectory(target);
        Path mine = Files.writeString(target.resolve("mine"), "text");
        assertThatThrownBy(() -> export(F32))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(target + ": is not empty and is not overwritten; need the name of a new or empty folder");
        assertThat(mine).hasContent("text");
        assertThatThrownBy(() -> CheckpointExport.write(source, source, F32, mine))
                .hasMessage(mine + ": is a file; need the name of a new or empty folder");
        Files.delete(mine);
        export(F32);
        assertThat(bits(Checkpoint.load(target))).isEqualTo(bits(model));
        assertThat(children(dir)).containsExactlyInAnyOrder("source", "target");
    }

    @Test
    void aFullDiskLeavesNothing() {
        Assumptions.assumeTrue(Files.exists(Path.of("/dev/full")), "needs a system with /dev/full");
        ShardedWriter writer = new ShardedWriter(1 << 20);
        writer.add("a", StoredType.F32, new int[] {9000}, (from, count, into) -> {});
        assertThatThrownBy(() -> CheckpointFolder.write(target, writer.bytes(), folder -> {
                    Files.createSymbolicLink(folder.resolve("model.safetensors.tmp"), Path.of("/dev/full"));
                    writer.write(folder);
                }))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(target + " is not written: save ")
                .hasMessageEndingWith("No space left on device");
        assertThat(children(dir)).containsExactly("source");
    }

    @Test
    void whatTheDiskCannotHoldIsRefusedBeforeItIsWritten() {
        assertThatThrownBy(() -> CheckpointFolder.write(target, Long.MAX_VALUE, folder -> {
                    throw new AssertionError("written");
                }))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("of weights, but the disk has");
        assertThat(children(dir)).containsExactly("source");
    }

    @Test
    void aDamagedSourceLeavesNothing() throws IOException {
        Path config = source.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"vocab_size\" : 40", "\"vocab_size\" : 41"));
        assertThatThrownBy(() -> export(F32))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("lm_head.weight has shape (40, 24), need (41, 24)");
        assertThat(children(dir)).containsExactly("source");
    }

    private CheckpointExport.Result export(Form form) {
        return CheckpointExport.write(source, source, form, target);
    }

    /** The nearest bfloat16 by comparing the two neighbours, in float64. */
    private static float nearest(float x) {
        int down = Float.floatToRawIntBits(x) & 0xFFFF_0000;
        double low = Float.intBitsToFloat(down);
        double high = Float.intBitsToFloat(down + 0x1_0000);
        double toLow = Math.abs(x - low);
        double toHigh = Math.abs(high - x);
        boolean even = (down & 0x1_0000) == 0;
        return (float) (toLow < toHigh || toLow == toHigh && even ? low : high);
    }

    private static List<String> children(Path folder) {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(p -> p.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static Map<String, List<Integer>> bits(DeepSeekModel model) {
        Map<String, List<Integer>> all = new LinkedHashMap<>();
        for (Parameter p : model.parameters()) {
            List<Integer> list = new ArrayList<>();
            for (float v : p.value().toArray()) {
                list.add(Float.floatToRawIntBits(v));
            }
            all.put(p.name(), list);
        }
        return all;
    }
}
