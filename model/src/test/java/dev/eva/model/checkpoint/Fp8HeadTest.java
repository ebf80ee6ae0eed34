package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.CheckpointExport.Form;
import dev.eva.model.checkpoint.ConfigJson.Mode;
import dev.eva.nn.Projection;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Checkpoints in FP8 whose head is in FP8, too: rows and columns that are no multiple of a block. */
class Fp8HeadTest {
    private static final int VOCABULARY = 300;
    private static final int WIDTH = 200;
    private static final String HEAD = "lm_head.weight";
    private static final String SCALES = HEAD + "_scale_inv";
    private static final DeepSeekConfig CONFIG = ConfigJson.parse("""
        {"vocab_size": 300, "hidden_size": 200, "num_hidden_layers": 2, "intermediate_size": 96,
         "num_attention_heads": 2, "kv_lora_rank": 12, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 6,
         "n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}\
        """, "test", Mode.STRICT);

    @TempDir
    Path dir;

    private Path source;
    private DeepSeekModel model;

    @BeforeEach
    void save() {
        source = dir.resolve("source");
        model = DeepSeekModel.random(CONFIG, new SplittableRandom(1));
        Checkpoint.save(model, source);
    }

    private static Form form(Fp8Scale scales, boolean head) {
        return new Form(StoredType.F8_E4M3, scales, head, Long.MAX_VALUE);
    }

    private Path export(Path from, Form form, String name) {
        CheckpointExport.write(from, from, form, dir.resolve(name));
        return dir.resolve(name);
    }

    /** The head is what the quantiser makes of it; all else has the bytes that it has in the releases' layout. */
    @ParameterizedTest
    @EnumSource(Fp8Scale.class)
    void theHeadIsQuantisedAndNothingElseChanges(Fp8Scale scales) {
        Path released = export(source, form(scales, false), "released");
        Path whole = export(source, form(scales, true), "whole");
        Fp8Quantizer quantizer = new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, scales);
        try (CheckpointFiles before = CheckpointFiles.open(source);
                CheckpointFiles releases = CheckpointFiles.open(released);
                CheckpointFiles files = CheckpointFiles.open(whole)) {
            Fp8Matrix q = quantizer.quantize(before.fileOf(HEAD).tensor(HEAD));
            assertThat(releases.entry(HEAD).type()).isEqualTo(StoredType.BF16);
            assertThat(files.entry(HEAD).type()).isEqualTo(StoredType.F8_E4M3);
            assertThat(bytes(files, HEAD)).isEqualTo(q.codes());
            assertThat(files.fileOf(SCALES).tensor(SCALES).toArray()).isEqualTo(q.scales());
            assertThat(files.names()).containsAll(releases.names()).hasSize(releases.names().size() + 1);
            for (String name : releases.names()) {
                if (!name.equals(HEAD)) {
                    assertThat(bytes(files, name)).as(name).isEqualTo(bytes(releases, name));
                }
            }
        }
    }

    /** Few rows of x, which are widened in registers, and many, for which panels are packed: the sum in float64. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 7, 16, 40})
    void theProductWithTheHeadIsTheReferences(int rows) {
        Path whole = export(source, form(Fp8Scale.FLOAT32, true), "whole");
        Tensor x = Tensor.randn(new SplittableRandom(2), 0, 1, rows, WIDTH);
        try (CheckpointFiles files = CheckpointFiles.open(whole)) {
            float[] w = files.fileOf(HEAD).tensor(HEAD).toArray();
            float[] scales = files.fileOf(SCALES).tensor(SCALES).toArray();
            Projection head = new StoredWeights(files, null).head("head", VOCABULARY, WIDTH);
            float[] y = head.forward(x).toArray();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < VOCABULARY; j++) {
                    double sum = 0;
                    for (int p = 0; p < WIDTH; p++) {
                        double scale = scales[j / 128 * 2 + p / 128];
                        sum += x.array()[x.offset() + i * WIDTH + p] * scale * w[j * WIDTH + p];
                    }
                    assertThat(y[i * VOCABULARY + j]).isCloseTo((float) sum, within(1e-5f));
                }
            }
        }
    }

    /** What transformers would else take the head for is said, and what goes back to float32 is what the codes mean. */
    @Test
    void theConfigNamesWhatIsNotInFp8() throws IOException {
        Path whole = export(source, form(Fp8Scale.FLOAT32, true), "whole");
        JsonNode quantization = quantization(whole);
        assertThat(quantization.get("modules_to_not_convert").toString())
                .isEqualTo("[\"model.embed_tokens\",\"mlp.gate\",\"eh_proj\"]");
        assertThat(quantization(export(source, form(Fp8Scale.FLOAT32, false), "released"))
                        .has("modules_to_not_convert"))
                .isFalse();
        Path back = export(whole, new Form(StoredType.F32, Long.MAX_VALUE), "back");
        assertThat(CheckpointExportTest.bits(Checkpoint.load(back)))
                .isEqualTo(CheckpointExportTest.bits(Checkpoint.load(whole)));
    }

    @Test
    void copiesInPredictionLayersHaveScalesOfTheirOwn() {
        model = DeepSeekModel.random(CONFIG.withPredictionLayers(1), new SplittableRandom(3));
        Checkpoint.save(model, source);
        Path whole = export(source, form(Fp8Scale.FLOAT32, true), "whole");
        String copy = "model.layers.2.shared_head.head.weight";
        try (CheckpointFiles files = CheckpointFiles.open(whole)) {
            assertThat(files.entry(copy).type()).isEqualTo(StoredType.F8_E4M3);
            assertThat(bytes(files, copy)).isEqualTo(bytes(files, HEAD));
            assertThat(bytes(files, copy + "_scale_inv")).isEqualTo(bytes(files, SCALES));
        }
        assertThat(CheckpointExportTest.bits(Checkpoint.load(whole))).containsKey("layers.2.ehProj");
        SafetensorsWriter other = new SafetensorsWriter().add(copy + "_scale_inv", Tensor.zeros(3, 2));
        try (CheckpointFiles files = CheckpointFiles.open(whole)) {
            for (String name : files.names()) {
                if (!other.has(name)) {
                    SafetensorsFile.Entry e = files.entry(name);
                    int[] dims = Arrays.stream(e.shape()).mapToInt(Math::toIntExact).toArray();
                    other.add(name, e.type(), bytes(files, name), dims);
                }
            }
        }
        other.write(whole.resolve("model.safetensors"));
        assertThatThrownBy(() -> Checkpoint.load(whole))
                .hasMessage(whole + ": tensors do not fit the config: " + copy
                        + " differs from lm_head.weight, need a copy or none");
    }

    @Test
    void aRandomModelMayHaveItToo() {
        Path random = dir.resolve("random");
        RandomCheckpoint.write(CONFIG, 7, form(Fp8Scale.FLOAT32, true), random);
        RandomCheckpoint.write(CONFIG, 7, new Form(StoredType.F32, Long.MAX_VALUE), dir.resolve("exact"));
        try (CheckpointFiles files = CheckpointFiles.open(random);
                CheckpointFiles exact = CheckpointFiles.open(dir.resolve("exact"))) {
            assertThat(files.entry(HEAD).type()).isEqualTo(StoredType.F8_E4M3);
            float[] a = exact.fileOf(HEAD).tensor(HEAD).toArray();
            float[] b = files.fileOf(HEAD).tensor(HEAD).toArray();
            float scale = files.fileOf(SCALES).tensor(SCALES).toArray()[0];
            for (int i = 0; i < a.length; i++) {
                assertThat(b[i] * scale).isCloseTo(a[i], within(Math.abs(a[i]) / 16 + 0.02f / 56 / 1024));
            }
        }
    }

    @Test
    void withoutFp8ThereIsNoHeadInFp8() {
        assertThatThrownBy(() -> new Form(StoredType.BF16, Fp8Scale.FLOAT32, true, 1))
                .hasMessage("a head in FP8 beside weights as BF16; need weights in FP8");
    }

    private static byte[] bytes(CheckpointFiles files, String name) {
        return files.fileOf(name).segment(name).toArray(ValueLayout.JAVA_BYTE);
    }

    private static JsonNode quantization(Path folder) throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readString(folder.resolve("config.json")))
                .get("quantization_config");
    }
}
