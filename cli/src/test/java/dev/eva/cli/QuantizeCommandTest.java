package dev.eva.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.model.checkpoint.CheckpointFiles;
import dev.eva.model.checkpoint.StoredType;
import dev.eva.tensor.Tensor;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class QuantizeCommandTest {
    @TempDir
    Path dir;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path model;

    private int eva(Object... args) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        String[] words = Arrays.stream(args).map(Object::toString).toArray(String[]::new);
        return Eva.run(new PrintWriter(out), new PrintWriter(err), words);
    }

    @BeforeEach
    void init() {
        model = dir.resolve("model");
        assertThat(eva("init", "--preset", "mini", model)).isZero();
    }

    /** Codes and scales are the quantiser's, whatever the bands; the rest is bf16, and dequantize gives them back. */
    @ParameterizedTest
    @CsvSource({"e4m3, fp32", "e4m3, ue8m0", "e5m2, fp32", "e5m2, ue8m0"})
    void writesWhatTheQuantiserMakes(String format, String scales) throws IOException {
        Path small = dir.resolve("small");
        assertThat(eva("quantize", model, small, "--format", format, "--scales", scales, "--max-shard-size", "100KB"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .contains("self_attn.o_proj", "mlp.experts.*.down_proj", " dB", "of their size in f32");
        Fp8Quantizer quantizer = new Fp8Quantizer(
                Fp8Format.valueOf(format.toUpperCase(Locale.ROOT)),
                Fp8Tiling.BLOCK_128X128,
                scales.equals("fp32") ? Fp8Scale.FLOAT32 : Fp8Scale.POWER_OF_TWO);
        Path wide = dir.resolve("wide");
        assertThat(eva("dequantize", small, wide, "--dtype", "f32")).isZero();
        try (CheckpointFiles before = CheckpointFiles.open(model);
                CheckpointFiles after = CheckpointFiles.open(small);
                CheckpointFiles back = CheckpointFiles.open(wide)) {
            int matrices = 0;
            for (String name : before.names()) {
                Tensor x = before.fileOf(name).tensor(name);
                if (after.has(name + "_scale_inv")) {
                    Fp8Matrix q = quantizer.quantize(x);
                    assertThat(after.entry(name).type().name()).isEqualTo("F8_" + format.toUpperCase(Locale.ROOT));
                    assertThat(after.fileOf(name).segment(name).toArray(ValueLayout.JAVA_BYTE))
                            .isEqualTo(q.codes());
                    assertThat(after.fileOf(name + "_scale_inv")
                                    .tensor(name + "_scale_inv")
                                    .toArray())
                            .isEqualTo(q.scales());
                    assertThat(back.fileOf(name).tensor(name).toArray())
                            .isEqualTo(q.dequantize().toArray());
                    matrices++;
                } else {
                    boolean bias = name.endsWith("e_score_correction_bias");
                    assertThat(after.entry(name).type()).isEqualTo(bias ? StoredType.F32 : StoredType.BF16);
                }
            }
            assertThat(matrices).isGreaterThan(20);
        }
        JsonNode config = JsonMapper.shared().readTree(Files.readString(small.resolve("config.json")));
        JsonNode quantization = config.get("quantization_config");
        assertThat(quantization.get("fmt").stringValue()).isEqualTo(format);
        assertThat(quantization.has("scale_fmt")).isEqualTo(scales.equals("ue8m0"));
        assertThat(JsonMapper.shared()
                        .readTree(Files.readString(wide.resolve("config.json")))
                        .has("quantization_config"))
                .isFalse();
    }

    @Test
    void aRunTellsTheChangeOfItsValidationLoss() throws IOException {
        Path text =
                Files.writeString(dir.resolve("text.txt"), "To be, or not to be, that is the question.\n".repeat(200));
        Path run = dir.resolve("run");
        assertThat(eva("train", "--preset", "mini", "--data", text, "--steps", "2", "--out", run))
                .as(err.toString())
                .isZero();
        assertThat(eva("quantize", run, dir.resolve("fp8"), "--json"))
                .as(err.toString())
                .isZero();
        JsonNode report = JsonMapper.shared().readTree(out.toString());
        double before = report.get("validation_loss_before").doubleValue();
        assertThat(report.get("validation_loss").doubleValue()).isBetween(before * 0.98, before * 1.02);
        assertThat(report.get("matrices").get(0).get("snr_db").doubleValue()).isBetween(28.0, 36.0);
        assertThat(eva("quantize", model, dir.resolve("other"), "--data", text)).isZero();
        assertThat(out.toString()).contains("validation loss: ");
        assertThat(eva("generate", dir.resolve("fp8"), "--prompt", "To", "--max-tokens", "3"))
                .isZero();
    }

    @Test
    void theHeadIsQuantisedWhereAsked() throws IOException {
        Path text =
                Files.writeString(dir.resolve("text.txt"), "To be, or not to be, that is the question.\n".repeat(20));
        Path small = dir.resolve("small");
        assertThat(eva("quantize", model, small, "--fp8-head", "--data", text))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).contains("lm_head ", "mlp.experts.*.down_proj", "validation loss: ");
        assertThat(eva("info", small)).isZero();
        assertThat(eva("generate", small, "--prompt", "To", "--max-tokens", "3"))
                .as(err.toString())
                .isZero();
        assertThat(eva("dequantize", small, dir.resolve("wide"), "--dtype", "f32")).isZero();
        Path random = dir.resolve("random");
        assertThat(eva("init", "--preset", "mini", "--dtype", "fp8", "--fp8-head", random))
                .isZero();
        for (Path folder : new Path[] {small, random}) {
            try (CheckpointFiles files = CheckpointFiles.open(folder)) {
                assertThat(files.entry("lm_head.weight").type()).isEqualTo(StoredType.F8_E4M3);
                assertThat(files.entry("model.embed_tokens.weight").type()).isEqualTo(StoredType.BF16);
            }
        }
        assertThat(eva("quantize", small, dir.resolve("released"))).isZero();
        assertThat(out.toString()).doesNotContain("lm_head");
    }

    /** A head that is the embedding cannot be in FP8 beside an embedding that is not. */
    @Test
    void aHeadThatIsTheEmbeddingIsRefused() throws IOException {
        Path config = model.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst(
                "\"tie_word_embeddings\" : false", "\"tie_word_embeddings\" : true"));
        assertThat(eva("quantize", model, dir.resolve("x"), "--fp8-head")).isEqualTo(1);
        assertThat(err.toString().strip()).contains("tie_word_embeddings").hasLineCount(1);
        assertThat(dir.resolve("x")).doesNotExist();
    }

    @Test
    void mistakesAreOneLine() {
        assertThat(eva("init", "--preset", "mini", "--fp8-head", dir.resolve("x"))).isEqualTo(2);
        assertThat(err.toString()).contains("--fp8-head: needs --dtype fp8");
        assertThat(eva("quantize", model, model)).isEqualTo(1);
        assertThat(err.toString()).contains("is not empty and is not overwritten");
        assertThat(eva("quantize", model, dir.resolve("x"), "--format", "e3m4")).isEqualTo(2);
        assertThat(eva("quantize", dir.resolve("none"), dir.resolve("x"))).isEqualTo(1);
        assertThat(eva("dequantize", dir.resolve("none"), dir.resolve("x"))).isEqualTo(1);
        assertThat(dir.resolve("x")).doesNotExist();
    }
}
