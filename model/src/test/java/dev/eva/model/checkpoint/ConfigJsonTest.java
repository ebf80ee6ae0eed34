package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.ConfigJson.Mode;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig.Scaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigJsonTest {
    private static final String OWN = """
        {"vocab_size": 65, "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 96, "num_attention_heads": 4,
         "kv_lora_rank": 24, "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16, "n_routed_experts": 8,
         "num_experts_per_tok": 2, "moe_intermediate_size": 32}\
        """;

    @TempDir
    Path dir;

    @ParameterizedTest
    @MethodSource("dev.eva.model.Presets#names")
    void everyPresetSurvivesWritingAndReading(String preset) {
        DeepSeekConfig config = Presets.byName(preset);
        Path file = dir.resolve("config.json");
        ConfigJson.write(config, file);
        assertThat(ConfigJson.read(file)).isEqualTo(config);
        assertThat(ConfigJson.read(file, Mode.STRICT)).isEqualTo(config);
    }

    @Test
    void absentKeysHaveTheDefaultsOfTheV3Configuration() {
        DeepSeekConfig c = lenient("{\"model_type\": \"deepseek_v3\"}");
        assertThat(c.hiddenSize()).isEqualTo(7168);
        assertThat(c.firstKDenseReplace()).isEqualTo(3);
        assertThat(c.mla().query()).isEqualTo(new QueryProjection.LowRank(1536));
        assertThat(c.mla().rope().scaling()).isEqualTo(new Scaling.None());
        assertThat(c.moe().method()).isEqualTo(new RoutingMethod.NoauxTc(8, 4));
        assertThat(c.moe().routedScalingFactor()).isEqualTo(2.5);
        assertThat(c.moe().normTopkProb()).isTrue();
        assertThat(c.maxPositionEmbeddings()).isEqualTo(4096);
        assertThat(lenient("{\"model_type\": \"deepseek_v3\", \"q_lora_rank\": null}")
                        .mla()
                        .query())
                .isEqualTo(new QueryProjection.Direct());
    }

    @Test
    void bothSpellingsOfTheRopeScalingMeanTheSame() {
        String values =
                "\"factor\": 40, \"original_max_position_embeddings\": 4096, \"mscale\": 0.707, \"mscale_all_dim\":"
                        + " 1.0";
        DeepSeekConfig before = lenient(
                "{\"model_type\": \"deepseek_v3\", \"rope_theta\": 50000, \"rope_scaling\": {\"type\": \"yarn\", "
                        + values + "}}");
        DeepSeekConfig now = lenient("{\"model_type\": \"deepseek_v3\", \"rope_parameters\": {\"rope_theta\": 50000, "
                + "\"rope_type\": \"yarn\", " + values + "}}");
        assertThat(before).isEqualTo(now);
        assertThat(now.mla().rope().ropeTheta()).isEqualTo(50000);
        assertThat(now.mla().rope().scaling())
                .isEqualTo(new Scaling.Yarn(40, 4096, 32, 1, OptionalDouble.of(0.707), OptionalDouble.of(1)));
    }

    @Test
    void unknownKeysAreIgnoredInAReleaseAndRefusedInAPersonsOwnFile() {
        String extra = OWN.replace(
                "{\"vocab_size\"",
                "{\"model_type\": \"deepseek_v3\", \"hiden_size\": 3, \"n_group\": 1, \"topk_group\": 1,"
                        + " \"first_k_dense_replace\": 1, \"vocab_size\"");
        assertThat(lenient(extra).hiddenSize()).isEqualTo(64);
        assertThatThrownBy(() -> ConfigJson.parse(extra, "own.json", Mode.STRICT))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("own.json: hiden_size: unknown key; did you mean hidden_size?");
    }

    @Test
    void aPersonsOwnFileNeedsTheSizesOnly() {
        DeepSeekConfig c = ConfigJson.parse(OWN, "own.json", Mode.STRICT);
        assertThat(c.mla().query()).isEqualTo(new QueryProjection.Direct());
        assertThat(c.moe().method()).isEqualTo(new RoutingMethod.NoauxTc(1, 1));
        assertThat(c.moe().nSharedExperts()).isZero();
        assertThatThrownBy(() -> ConfigJson.parse(OWN.replace("\"kv_lora_rank\": 24,", ""), "own.json", Mode.STRICT))
                .hasMessage("own.json: kv_lora_rank: missing");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        "hidden_size": "64" | own.json: hidden_size: is a string "64"; need a whole number
        "hidden_size": 64.5 | own.json: hidden_size: is a number 64.5; need a whole number
        "hidden_size": 1e12 | own.json: hidden_size: 1.0E12 is out of range; need at most 2147483647
        "hidden_size": 0 | own.json: hidden_size: 0; need at least 1
        "norm_topk_prob": 1 | own.json: norm_topk_prob: is a number 1; need true or false
        "rms_norm_eps": true | own.json: rms_norm_eps: is a boolean true; need a number
        "topk_method": ["greedy"] | own.json: topk_method: is an array; need a string
        "topk_method": "best" | own.json: topk_method: "best"; need noaux_tc, greedy or group_limited_greedy
        "scoring_func": "softmax" | own.json: scoring_func: "softmax" with topk_method noaux_tc; need sigmoid
        "rope_scaling": "yarn" | own.json: rope_scaling: is a string "yarn"; need an object
        "rope_scaling": {"type": "linear"} | own.json: rope_scaling.type: "linear" is not supported
        "rope_scaling": {"type": "yarn"} | own.json: rope_scaling.factor: missing
        "hidden_act": "gelu" | own.json: hidden_act: "gelu" is not supported; need silu
        "tie_word_embeddings": true | own.json: tie_word_embeddings: true is not supported; need false
        "quantization_config": {"weight_block_size": [64, 64]} | own.json: quantization_config.weight_block_size
        "num_key_value_heads": 2 | own.json: num_key_value_heads: 2; need num_attention_heads 4
        "qk_rope_head_dim": 7 | own.json: qk_rope_head_dim: 7; need an even number
        "num_experts_per_tok": 9 | own.json: num_experts_per_tok: 9 is more than n_routed_experts 8
        "n_group": 3 | own.json: n_routed_experts: 8 is not divisible by n_group 3
        "n_group": 8, "topk_group": 4 | own.json: n_group: 8 leaves 1 expert a group
        "n_group": 4, "num_experts_per_tok": 3 | own.json: num_experts_per_tok: 3 is more than the 2 experts
        "n_group": 2, "topk_group": 3 | own.json: topk_group: 3; need 1 to n_group 2
        "first_k_dense_replace": 5 | own.json: first_k_dense_replace: 5; need 0 to num_hidden_layers 2
        "model_type": "llama" | own.json: not a DeepSeek config: model_type is "llama"; need
        """)
    void refusesWhatCannotBeInOneLine(String change, String message) {
        String key = change.substring(0, change.indexOf(':'));
        String json = OWN.replaceFirst(key + ": \\d+,? ?", "").strip();
        if (change.contains("num_experts_per_tok")) {
            json = json.replaceFirst("\"num_experts_per_tok\": \\d+, ", "");
        }
        String changed = json.replaceFirst("^\\{", "{" + change + ", ");
        assertThatThrownBy(() -> ConfigJson.parse(changed, "own.json", Mode.STRICT))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(message)
                .message()
                .hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        this is a play | own.json: not JSON: Unrecognized token 'this'
        {"a": 1 | own.json: not JSON: Unexpected end-of-input
        `` | own.json: not a model config: need a JSON object
        [1, 2] | own.json: not a model config: need a JSON object
        {"text": "To be"} | own.json: not a DeepSeek config: model_type is missing; need deepseek_v2
        {"model_type": 3} | own.json: model_type: is a number 3; need a string
        """)
    void refusesJsonThatIsNoConfig(String text, String message) {
        assertThatThrownBy(() -> ConfigJson.parse(text, "own.json", Mode.LENIENT))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(message)
                .message()
                .hasLineCount(1);
    }

    @Test
    void refusesWhatIsNoFile() throws IOException {
        assertThatThrownBy(() -> ConfigJson.read(dir)).hasMessage(dir + ": is a directory; need a config in JSON");
        assertThatThrownBy(() -> ConfigJson.read(dir.resolve("none")))
                .hasMessage(dir.resolve("none") + ": no such file");
        Path binary = Files.write(dir.resolve("binary"), new byte[] {0, (byte) 0xFF, 7});
        assertThatThrownBy(() -> ConfigJson.read(binary)).hasMessageStartingWith(binary + ": not JSON");
    }

    private static DeepSeekConfig lenient(String json) {
        return ConfigJson.parse(json, "release.json", Mode.LENIENT);
    }
}
