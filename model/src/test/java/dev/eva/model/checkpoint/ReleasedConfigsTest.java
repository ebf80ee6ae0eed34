package dev.eva.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterCount;
import dev.eva.nn.RopeConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The configurations of releases, with the keys that their files have, count the parameters that were published. */
class ReleasedConfigsTest {
    /** Keys that are in every file. */
    private static final String COMMON = """
            "hidden_act": "silu", "attention_bias": false, "attention_dropout": 0.0, "tie_word_embeddings": false,
            "initializer_range": 0.02, "pretraining_tp": 1, "ep_size": 1, "moe_layer_freq": 1, "use_cache": true,
            "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "aux_loss_alpha": 0.001, "seq_aux": true,
            "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV3Config"}, "kv_lora_rank": 512,
            "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128
            """;

    private static final String V3 = """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "vocab_size": 129280,
             "hidden_size": 7168, "intermediate_size": 18432, "moe_intermediate_size": 2048, "num_hidden_layers": 61,
             "num_attention_heads": 128, "num_key_value_heads": 128, "q_lora_rank": 1536, "n_routed_experts": 256,
             "n_shared_experts": 1, "num_experts_per_tok": 8, "n_group": 8, "topk_group": 4,
             "scoring_func": "sigmoid", "topk_method": "noaux_tc", "norm_topk_prob": true,
             "routed_scaling_factor": 2.5, "first_k_dense_replace": 3, "num_nextn_predict_layers": 1,
             "rms_norm_eps": 1e-06, "rope_theta": 10000, "max_position_embeddings": 163840, "bos_token_id": 0,
             "eos_token_id": 1, "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3",
             "quant_method": "fp8", "weight_block_size": [128, 128]}, %s, %s}
            """;

    private static final String V2 = """
            {"architectures": ["DeepseekV2ForCausalLM"], "model_type": "deepseek_v2", "vocab_size": 102400,
             "hidden_size": 5120, "intermediate_size": 12288, "moe_intermediate_size": 1536, "num_hidden_layers": 60,
             "num_attention_heads": 128, "num_key_value_heads": 128, "q_lora_rank": 1536, "n_routed_experts": 160,
             "n_shared_experts": 2, "num_experts_per_tok": 6, "n_group": 8, "topk_group": 3,
             "scoring_func": "softmax", "topk_method": "group_limited_greedy", "norm_topk_prob": false,
             "routed_scaling_factor": 16.0, "first_k_dense_replace": 1, "rms_norm_eps": 1e-06, "rope_theta": 10000,
             "max_position_embeddings": 163840, "bos_token_id": 100000, "eos_token_id": 100001, %s, %s}
            """;

    private static final String V2_LITE = """
            {"architectures": ["DeepseekV2ForCausalLM"], "model_type": "deepseek_v2", "vocab_size": 102400,
             "hidden_size": 2048, "intermediate_size": 10944, "moe_intermediate_size": 1408, "num_hidden_layers": 27,
             "num_attention_heads": 16, "num_key_value_heads": 16, "q_lora_rank": null, "n_routed_experts": 64,
             "n_shared_experts": 2, "num_experts_per_tok": 6, "n_group": 1, "topk_group": 1,
             "scoring_func": "softmax", "topk_method": "greedy", "norm_topk_prob": false,
             "routed_scaling_factor": 1.0, "first_k_dense_replace": 1, "rms_norm_eps": 1e-06, "rope_theta": 10000,
             "max_position_embeddings": 163840, "bos_token_id": 100000, "eos_token_id": 100001, %s, %s}
            """;

    private static final String MOONLIGHT = """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "vocab_size": 163840,
             "hidden_size": 2048, "intermediate_size": 11264, "moe_intermediate_size": 1408, "num_hidden_layers": 27,
             "num_attention_heads": 16, "num_key_value_heads": 16, "q_lora_rank": null, "n_routed_experts": 64,
             "n_shared_experts": 2, "num_experts_per_tok": 6, "n_group": 1, "topk_group": 1,
             "scoring_func": "sigmoid", "topk_method": "noaux_tc", "norm_topk_prob": true,
             "routed_scaling_factor": 2.446, "first_k_dense_replace": 1, "num_nextn_predict_layers": 0,
             "rms_norm_eps": 1e-05, "rope_theta": 50000.0, "max_position_embeddings": 8192, "bos_token_id": 163584,
             "eos_token_id": 163585, %s, %s}
            """;

    private static final String K2 = """
            {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "kimi_k2", "vocab_size": 163840,
             "hidden_size": 7168, "intermediate_size": 18432, "moe_intermediate_size": 2048, "num_hidden_layers": 61,
             "num_attention_heads": 64, "num_key_value_heads": 64, "q_lora_rank": 1536, "n_routed_experts": 384,
             "n_shared_experts": 1, "num_experts_per_tok": 8, "n_group": 1, "topk_group": 1,
             "scoring_func": "sigmoid", "topk_method": "noaux_tc", "norm_topk_prob": true,
             "routed_scaling_factor": 2.827, "first_k_dense_replace": 1, "num_nextn_predict_layers": 0,
             "rms_norm_eps": 1e-06, "rope_theta": 50000.0, "max_position_embeddings": 131072,
             "bos_token_id": 163584, "eos_token_id": 163585, %s, %s}
            """;

    private static String yarn(String type, double factor, double mscale) {
        return "{\"" + type + "\": \"yarn\", \"factor\": " + factor + ", \"original_max_position_embeddings\": 4096,"
                + " \"beta_fast\": " + (factor == 32 ? 1 : 32) + ", \"beta_slow\": 1, \"mscale\": " + mscale
                + ", \"mscale_all_dim\": " + mscale + "}";
    }

    /** Billions of parameters of the main model. */
    @ParameterizedTest
    @CsvSource({"V3, 671.026", "V2, 235.74", "V2_LITE, 15.706", "MOONLIGHT, 15.960", "K2, 1026.4"})
    void countsWhatWasPublished(String name, double billions) {
        String text = switch (name) {
            case "V3" -> V3;
            case "V2" -> V2;
            case "V2_LITE" -> V2_LITE;
            case "MOONLIGHT" -> MOONLIGHT;
            default -> K2;
        };
        double theta = name.equals("MOONLIGHT") || name.equals("K2") ? 50000 : 10000;
        double mscale = name.startsWith("V2") ? 0.707 : 1;
        double factor = name.equals("K2") ? 32 : 40;
        boolean plain = name.equals("MOONLIGHT");
        String older = "\"rope_scaling\": " + (plain ? "null" : yarn("type", factor, mscale));
        String newer = "\"rope_parameters\": "
                + (plain
                        ? "{\"rope_type\": \"default\", \"rope_theta\": 50000.0}"
                        : yarn("rope_type", factor, mscale).replace("{", "{\"rope_theta\": " + theta + ", "));
        DeepSeekConfig config = read(name, text, older);
        assertThat(ParameterCount.of(config).total() / 1e9)
                .isCloseTo(billions, within(billions > 100 ? 0.05 : 0.0005));
        assertThat(read(name, text.replaceAll("\"rope_theta\": [0-9.]+, ", ""), newer)).isEqualTo(config);
        assertThat(config.mla().rope().ropeTheta()).isEqualTo(theta);
        assertThat(config.mla().rope().scaling() instanceof RopeConfig.Scaling.Yarn).isNotEqualTo(plain);
        assertThat(ConfigJson.parse(ConfigJson.toJson(config), name, ConfigJson.Mode.LENIENT))
                .isEqualTo(config);
    }

    private static DeepSeekConfig read(String name, String text, String rope) {
        return ConfigJson.parse(text.formatted(COMMON, rope), name, ConfigJson.Mode.LENIENT);
    }
}
