package dev.eva.tests.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.MultiToken;
import dev.eva.model.Probe;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.model.checkpoint.SafetensorsFile;
import dev.eva.model.checkpoint.SafetensorsWriter;
import dev.eva.model.parity.Parity;
import dev.eva.model.parity.ParityRow.Verdict;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.CrossEntropy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Mistakes that others have reported of loaders and forward passes. Each is made on purpose, in a checkpoint or its
 * configuration, and has to show in the comparison with the references; that the right thing passes is
 * {@link GoldenParityTest}'s. Mistakes in routing are {@code RouterPitfallsTest}'s.
 */
class PitfallsTest {
    @TempDir
    Path dir;

    /** The tensors of a file, some of them replaced. */
    private record Weights(SafetensorsFile file, Map<String, Tensor> changed) {
        /** Changes every tensor whose name ends so. */
        void each(String suffix, Consumer<Tensor> change) {
            List<String> names = file.entries().keySet().stream()
                    .filter(n -> n.endsWith(suffix))
                    .toList();
            assertThat(names).as(suffix).isNotEmpty();
            for (String name : names) {
                Tensor t = file.tensor(name);
                change.accept(t);
                changed.put(name, t);
            }
        }
    }

    private Path changed(String name, String file, Consumer<Weights> change) {
        Path folder = Golden.unpack(name, dir);
        Path path = folder.resolve(file);
        Map<String, Tensor> replaced = new TreeMap<>();
        try (SafetensorsFile old = SafetensorsFile.open(path)) {
            change.accept(new Weights(old, replaced));
        }
        Golden.rewrite(path, writer -> replaced.forEach(writer::add));
        return folder;
    }

    private Path weights(String name, String suffix, Consumer<Tensor> change) {
        return changed(name, "model.safetensors", w -> w.each(suffix, change));
    }

    private Path text(String name, String file, UnaryOperator<String> change) {
        Path folder = Golden.unpack(name, dir);
        try {
            String before = Files.readString(folder.resolve(file));
            String after = change.apply(before);
            assertThat(after).isNotEqualTo(before);
            Files.writeString(folder.resolve(file), after);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    private Path config(String name, String regex, String replacement) {
        return text(name, "config.json", s -> s.replaceAll(regex, replacement));
    }

    private static void shows(Path folder) {
        assertThat(Parity.run(folder).rows()).anyMatch(r -> r.verdict() == Verdict.FAIL);
    }

    private static void agrees(Path folder) {
        assertThat(Parity.run(folder).rows()).noneMatch(r -> r.verdict() == Verdict.FAIL);
    }

    /** 2: with fewer experts left than are to be picked, a mask of zero picks masked ones in silence. */
    @Test
    void moreExpertsAreAskedForThanTheKeptGroupsHave() {
        Path folder = config("v2-tiny", "\"num_experts_per_tok\": \\d+", "\"num_experts_per_tok\": 5");
        assertThatThrownBy(() -> Checkpoint.load(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("num_experts_per_tok: 5 is more than the 4 experts");
    }

    /** 5: the factor of the gates forgotten, and applied twice. */
    @ParameterizedTest
    @CsvSource({"1.0", "256.0"})
    void theScalingFactorIsForgottenOrAppliedTwice(String factor) {
        shows(config("v2-tiny", "\"routed_scaling_factor\": 16.0", "\"routed_scaling_factor\": " + factor));
    }

    /** 7 and 26: no routing bias, as for models of another width than V3's. */
    @Test
    void theRoutingBiasIsLost() {
        shows(weights("moonlight-tiny", "e_score_correction_bias", t -> t.set(Tensor.zeros(t.size()))));
    }

    /** 8: rotated pairs are neighbours; halves would be another model. */
    @Test
    void rotatedPairsAreTakenFromHalves() {
        int nope = 16;
        int rope = 8;
        shows(weights("moonlight-tiny", "q_proj.weight", t -> {
            for (int head = 0; head < t.dim(0) / (nope + rope); head++) {
                interleave(t, head * (nope + rope) + nope, rope);
            }
        }));
    }

    /** 9 to 11: the softmax scale from mscale_all_dim, squared, and cos and sin by the ratio alone. */
    @ParameterizedTest
    @CsvSource({
        "\"mscale_all_dim\": 0.707, \"mscale_all_dim\": 1.0",
        "\"mscale_all_dim\": 0.707, \"mscale_all_dim\": 0.0",
        "\"mscale\": 0.707, \"mscale\": 1.0"
    })
    void theTemperatureOfLongContextsIsAnother(String right, String wrong) {
        shows(config("v2-lite-tiny", right, wrong));
    }

    /** 12: the newer spelling alone; and neither, as a reader of one spelling sees it. */
    @Test
    void ropeParametersAreRead() {
        agrees(config("v2-lite-tiny", "\"rope_scaling\": \\{[^}]*\\},", ""));
    }

    /** 12: the older spelling alone. */
    @Test
    void ropeScalingIsRead() {
        agrees(config("v2-lite-tiny", "\"rope_parameters\": \\{[^}]*\\},", ""));
    }

    /** 12: scaling not applied. */
    @Test
    void ropeScalingIsIgnored() {
        shows(text(
                "v2-lite-tiny",
                "config.json",
                s -> s.replaceAll("\"rope_scaling\": \\{[^}]*\\},", "")
                        .replaceAll("\"rope_parameters\": \\{[^}]*\\},", "")));
    }

    /** 13: 192 rows have two rows of scales; the last 64 would stay zero, or take the scale of the first. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void theScalesOfTheLastRowsAreLost(boolean zero) {
        Path folder = changedScales(t -> {
            assertThat(t.dim(0)).isEqualTo(2);
            for (int b = 0; b < t.dim(1); b++) {
                t.array()[t.dim(1) + b] = zero ? 0 : t.array()[b];
            }
        });
        shows(folder);
    }

    /** 16: scales in bfloat16. */
    @Test
    void scalesAreRounded() {
        shows(changedScales(PitfallsTest::toBf16));
    }

    private Path changedScales(Consumer<Tensor> change) {
        String suffix = "kv_a_proj_with_mqa.weight_scale_inv";
        Path folder = Golden.unpack("v3-fp8-tiny", dir);
        for (String shard : List.of("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")) {
            Map<String, Tensor> replaced = new TreeMap<>();
            try (SafetensorsFile old = SafetensorsFile.open(folder.resolve(shard))) {
                if (old.entries().keySet().stream().anyMatch(n -> n.endsWith(suffix))) {
                    new Weights(old, replaced).each(suffix, change);
                }
            }
            Golden.rewrite(folder.resolve(shard), writer -> replaced.forEach(writer::add));
        }
        return folder;
    }

    /** 14: a tile of zeros has a scale, and stays zero; 17: what is beyond the largest code is the largest code. */
    @Test
    void zeroTilesAndLargeValuesAreNumbers() {
        float[] x = new float[256];
        x[200] = 1e30f;
        for (Fp8Scale scale : Fp8Scale.values()) {
            Fp8Matrix q = new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, scale).quantize(x, 0, 1, 256);
            float[] back = q.dequantize().toArray();
            assertThat(back[0]).isZero();
            assertThat(back[200]).isBetween(0.94e30f, 1.06e30f);
        }
        assertThat(Fp8Format.E4M3.decode(Fp8Format.E4M3.encode(1e6f))).isEqualTo(448f);
    }

    /** 15: a scale that is rounded to a power of two is rounded before anything is divided by it. */
    @Test
    void powersOfTwoAreWhatIsDividedBy() {
        float[] x = new float[128];
        for (int i = 0; i < x.length; i++) {
            x[i] = 3f + i;
        }
        Fp8Matrix q =
                new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, Fp8Scale.POWER_OF_TWO).quantize(x, 0, 1, 128);
        // 130 / 448 = 0.29: the scale is 0.5.
        assertThat(q.scales()[0]).isEqualTo(0.5f);
        assertThat(q.codes()[0]).isEqualTo(Fp8Format.E4M3.encode(6f));
        assertThat(q.dequantize().toArray()[127]).isEqualTo(128f);
    }

    /** 19: the halves of the projection in the paper's order. */
    @Test
    void theHiddenStateStandsBeforeTheEmbedding() {
        shows(weights("v3-mtp-tiny", "eh_proj.weight", t -> {
            int d = t.dim(0);
            float[] w = t.toArray();
            for (int i = 0; i < d; i++) {
                System.arraycopy(w, i * 2 * d, t.array(), i * 2 * d + d, d);
                System.arraycopy(w, i * 2 * d + d, t.array(), i * 2 * d, d);
            }
        }));
    }

    /** 19: the layer's own norm before the shared head left out. */
    @Test
    void theNormOfThePredictionLayerIsMissing() {
        shows(weights("v3-mtp-tiny", "shared_head.norm.weight", t -> t.set(Tensor.full(1f, t.size()))));
    }

    /** 19: an embedding of its own in the prediction layer. */
    @Test
    void theCopyOfTheEmbeddingIsNoCopy() {
        Path folder = weights("v3-mtp-tiny", "layers.2.embed_tokens.weight", t -> t.array()[5] += 1);
        assertThatThrownBy(() -> Checkpoint.load(folder)).hasMessageContaining("need a copy or none");
    }

    /** 20: two depths weigh as much as one. */
    @Test
    void theLossOfSeveralDepthsIsTheirMean() {
        Path folder = Golden.unpack("v3-mtp-tiny", dir);
        DeepSeekModel model = Checkpoint.load(folder);
        int[] ids = IntStream.range(0, 24).map(i -> i * 7 % 200).toArray();
        IntTensor tokens = IntTensor.of(ids, 2, 12);
        MultiToken.Depth depth = MultiToken.forward(model, model.forward(tokens), tokens, Probe.NONE)
                .getFirst();
        double once = MultiToken.loss(List.of(depth), tokens).item();
        int[] second = IntStream.range(0, 2 * depth.length())
                .map(i -> i % depth.length() + 3 < 12 ? ids[i / depth.length() * 12 + i % depth.length() + 3] : -1)
                .toArray();
        double other = CrossEntropy.crossEntropy(depth.logits(), IntTensor.of(second, second.length))
                        .item()
                * 9
                / 11;
        assertThat((double) MultiToken.loss(List.of(depth, depth), tokens).item())
                .isCloseTo((once + other) / 2, Offset.offset(1e-5));
    }

    /** 24: the weights that decoding absorbs, quantised once more. */
    @Test
    void absorbedWeightsAreRoundedAgain() {
        shows(weights("moonlight-tiny", "kv_b_proj.weight", t -> {
            Fp8Quantizer fp8 = new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32);
            t.set(fp8.quantize(t).dequantize());
        }));
    }

    /** 25: the norms of the latents have an epsilon of their own, whatever the config says. */
    @Test
    void theLatentNormsKeepTheirEpsilon() {
        Path folder = Golden.unpack("moonlight-tiny", dir);
        DeepSeekModel model = Checkpoint.load(folder);
        assertThat(model.config().rmsNormEps()).isEqualTo(1e-5);
        var norm = model.layers().getFirst().attn().kvNorm();
        float[] x = new float[norm.weight().size()];
        Arrays.fill(x, 1e-3f);
        float y = norm.forward(Tensor.of(x, 1, x.length)).toArray()[0];
        assertThat(y / norm.weight().array()[norm.weight().offset()])
                .isCloseTo((float) (1e-3 / Math.sqrt(1e-6 + 1e-6)), Offset.offset(1e-4f));
    }

    /** 25: elsewhere it is the config's. */
    @Test
    void theEpsilonOfTheConfigIsIgnored() {
        shows(config("moonlight-tiny", "\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": 1e-06"));
    }

    /** 25: V2's gates are not normalised, even where its config says so. */
    @Test
    void gatesOfV2AreNeverNormalised() {
        agrees(config("v2-lite-tiny", "\"norm_topk_prob\": false", "\"norm_topk_prob\": true"));
    }

    /** 27: a direct query projection is a null, not a number of layers. */
    @Test
    void theQueryLatentIsDecidedByItsKeyAlone() {
        Path folder = config("moonlight-tiny", "\"q_lora_rank\": null", "\"q_lora_rank\": 1536");
        assertThatThrownBy(() -> Checkpoint.load(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("missing model.layers.0.self_attn.q_a_proj.weight");
    }

    /** 28: the routing bias is called without ".weight"; under another name it is not taken for zeros. */
    @Test
    void theRoutingBiasHasAnotherName() {
        Path folder = Golden.unpack("moonlight-tiny", dir);
        Path file = folder.resolve("model.safetensors");
        String right = "model.layers.1.mlp.gate.e_score_correction_bias";
        SafetensorsWriter renamed = new SafetensorsWriter();
        try (SafetensorsFile old = SafetensorsFile.open(file)) {
            for (String name : old.entries().keySet()) {
                renamed.add(name.equals(right) ? right + ".weight" : name, old.tensor(name));
            }
        }
        renamed.write(file);
        assertThatThrownBy(() -> Checkpoint.load(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("missing " + right + " (nearest: " + right + ".weight)");
    }

    private static void toBf16(Tensor t) {
        float[] x = t.array();
        for (int i = t.offset(); i < t.offset() + t.size(); i++) {
            x[i] = Float.intBitsToFloat(Float.floatToIntBits(x[i]) + 0x8000 & 0xFFFF0000);
        }
    }

    /** Rows {@code a0 a1 .. b0 b1 ..} become {@code a0 b0 a1 b1 ..}. */
    private static void interleave(Tensor t, int first, int rows) {
        int cols = t.dim(1);
        float[] w = t.toArray();
        for (int i = 0; i < rows; i++) {
            int from = i / 2 + i % 2 * (rows / 2);
            System.arraycopy(w, (first + from) * cols, t.array(), (first + i) * cols, cols);
        }
    }
}
