package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.ParameterShape;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.CheckpointExport.Form;
import dev.eva.model.checkpoint.ConfigJson.Mode;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Bfloat16;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RandomCheckpointTest {
    private static final DeepSeekConfig CONFIG = ConfigJson.parse("""
        {"vocab_size": 300, "hidden_size": 48, "num_hidden_layers": 2, "intermediate_size": 96,
         "num_attention_heads": 2, "kv_lora_rank": 12, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6,
         "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "initializer_range": 0.006}\
        """, "test", Mode.STRICT);

    private static final Form F32 = new Form(StoredType.F32, 100_000);
    private static final Form BF16 = new Form(StoredType.BF16, Long.MAX_VALUE);

    @TempDir
    Path dir;

    @AfterEach
    void oneThreadACore() {
        Parallel.setThreads(Runtime.getRuntime().availableProcessors());
    }

    @Test
    void theSeedAloneDecides() {
        Parallel.setThreads(1);
        DeepSeekModel one = fresh("one", 7, F32);
        Parallel.setThreads(3);
        DeepSeekModel three = fresh("three", 7, F32);
        DeepSeekModel other = fresh("other", 8, F32);
        assertThat(CheckpointExportTest.bits(three)).isEqualTo(CheckpointExportTest.bits(one));
        assertThat(tensor(other, "embed").toArray())
                .isNotEqualTo(tensor(one, "embed").toArray());

        DeepSeekModel half = fresh("half", 7, BF16);
        float[] rounded = tensor(one, "embed").toArray();
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = Bfloat16.decode(Bfloat16.encode(rounded[i]));
        }
        assertThat(tensor(half, "embed").toArray()).isEqualTo(rounded);
    }

    @Test
    void fp8IsTheSameModelWithThreeBitsOfFraction() throws IOException {
        DeepSeekModel exact = fresh("exact", 7, F32);
        DeepSeekModel coded = fresh("coded", 7, new Form(StoredType.F8_E4M3, Long.MAX_VALUE));
        for (Parameter p : exact.parameters()) {
            float[] a = p.value().toArray();
            float[] b = tensor(coded, p.name()).toArray();
            for (int i = 0; i < a.length; i++) {
                // Half of the last place of a code, and of the smallest subnormal one.
                assertThat(b[i]).as(p.name()).isCloseTo(a[i], within(Math.abs(a[i]) / 16 + 0.006f / 56 / 1024));
            }
        }
        try (SafetensorsFile file = SafetensorsFile.open(dir.resolve("coded/model.safetensors"))) {
            assertThat(file.entry("model.layers.1.mlp.experts.3.up_proj.weight").type())
                    .isEqualTo(StoredType.F8_E4M3);
            assertThat(file.entry("model.layers.0.self_attn.kv_a_proj_with_mqa.weight")
                            .type())
                    .isEqualTo(StoredType.F8_E4M3);
            for (String name : List.of("lm_head.weight", "model.norm.weight", "model.layers.1.mlp.gate.weight")) {
                assertThat(file.entry(name).type()).isEqualTo(StoredType.BF16);
            }
        }
        assertThat(Files.readString(dir.resolve("coded/config.json")))
                .contains("quantization_config", "\"quant_method\" : \"fp8\"", "[ 128, 128 ]");
    }

    @Test
    void theLargestLayersHaveNamesToo() {
        List<HfNames.Piece> pieces = ParameterShape.of(Presets.v3()).stream()
                .flatMap(p -> HfNames.pieces(p).stream())
                .toList();
        assertThat(pieces)
                .filteredOn(p -> p.name().equals("model.layers.60.mlp.experts.255.up_proj.weight"))
                .singleElement()
                .satisfies(p -> assertThat(p.first()).isEqualTo((255L * 2 + 1) * 2048 * 7168));
        long all = pieces.stream().mapToLong(HfNames.Piece::size).sum();
        assertThat(all)
                .isEqualTo(ParameterShape.of(Presets.v3()).stream()
                        .mapToLong(ParameterShape::size)
                        .sum());
    }

    @Test
    void matricesAreNormalGainsOneAndBiasesZero() {
        DeepSeekModel model = fresh("model", 1, F32);
        float[] embed = tensor(model, "embed").toArray();
        double sum = 0;
        double squares = 0;
        for (float v : embed) {
            sum += v;
            squares += v * v;
        }
        assertThat(sum / embed.length).isCloseTo(0, within(4 * 0.006 / Math.sqrt(embed.length)));
        assertThat(Math.sqrt(squares / embed.length)).isCloseTo(0.006, within(0.0002));
        assertThat(tensor(model, "layers.1.attn.kvNorm").toArray()).containsOnly(1f);
        assertThat(tensor(model, "layers.1.ffn.gateBias").toArray()).containsOnly(0f);
        assertThat(tensor(model, "head").toArray()).isNotEqualTo(embed);
        float[] first = java.util.Arrays.copyOf(embed, 4096);
        float[] second = java.util.Arrays.copyOfRange(embed, 4096, 8192);
        assertThat(first).isNotEqualTo(second);
    }

    @Test
    void thereIsATokenizerOfBytesForAllIds() {
        fresh("model", 1, F32);
        Tokenizer bytes = Tokenizers.load(dir.resolve("model"));
        assertThat(bytes.vocabSize()).isEqualTo(300);
        assertThat(bytes.decode(bytes.encode("caf\u00e9 \ud83d\ude00\n\0"))).isEqualTo("caf\u00e9 \ud83d\ude00\n\0");
        assertThat(bytes.decode('a', 299, 0xC3, 256)).isEqualTo("a<|299|>\uFFFD<|256|>");
    }

    private DeepSeekModel fresh(String name, long seed, Form form) {
        RandomCheckpoint.write(CONFIG, seed, form, dir.resolve(name));
        return Checkpoint.load(dir.resolve(name));
    }

    private static Tensor tensor(DeepSeekModel model, String name) {
        return model.parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow()
                .value();
    }
}
