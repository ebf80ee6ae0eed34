package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Scale;
import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model's {@code config.json}, with the keys of Hugging Face's DeepSeek-V2 and V3 configurations.
 *
 * <p>A checkpoint's file is read leniently: unknown keys are ignored, absent ones have the values of transformers'
 * {@code DeepseekV3Config} (V2 files must have their sizes). A person's own file is read strictly: an unknown key is an
 * error that names the nearest known one, and the sizes that make a model must be there; absent, {@code vocab_size} is
 * 256, one layer is dense, and there is no query latent, no group and no shared expert. In both a value of the wrong
 * type is an error, and so is a setting that Eva does not compute.
 */
public final class ConfigJson {
    /** Whose file it is. */
    public enum Mode {
        /** Written by some release: unknown keys are ignored, absent sizes have transformers' defaults. */
        LENIENT,
        /** Written by the user: unknown keys and missing sizes are errors. */
        STRICT
    }

    private static final Set<String> MODEL_TYPES = Set.of("deepseek_v2", "deepseek_v3", "kimi_k2");

    /** The keys that decide something, and those of real files that decide nothing here. */
    private static final Set<String> KNOWN = Set.of("""
        architectures attention_bias attention_dropout aux_loss_alpha bos_token_id dtype eos_token_id
        ep_size first_k_dense_replace head_dim hidden_act hidden_size initializer_range intermediate_size
        kv_lora_rank max_position_embeddings mlp_bias model_type moe_intermediate_size moe_layer_freq
        n_group n_routed_experts n_shared_experts norm_topk_prob num_attention_heads num_experts_per_tok
        num_hidden_layers num_key_value_heads num_nextn_predict_layers output_router_logits pad_token_id
        pretraining_tp q_lora_rank qk_head_dim qk_nope_head_dim qk_rope_head_dim quantization_config
        rms_norm_eps rope_interleave rope_parameters rope_scaling rope_theta routed_scaling_factor
        scoring_func seq_aux tie_word_embeddings topk_group topk_method torch_dtype transformers_version
        use_cache v_head_dim vocab_size\
        """.split("\\s+"));

    private static final JsonMapper JSON = JsonMapper.shared();

    private ConfigJson() {}

    /**
     * Reads a checkpoint's config leniently.
     *
     * @throws CheckpointException if it is not a usable DeepSeek config; one line
     */
    public static DeepSeekConfig read(Path file) {
        return read(file, Mode.LENIENT);
    }

    /** Reads a config. @throws CheckpointException if it is not a usable DeepSeek config; one line */
    public static DeepSeekConfig read(Path file, Mode mode) {
        if (Files.isDirectory(file)) {
            throw new CheckpointException(file + ": is a directory; need a config in JSON");
        }
        try {
            return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8), file.toString(), mode);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * How scales of FP8 inputs are rounded: to powers of two where {@code quantization_config} has {@code scale_fmt}
     * "ue8m0".
     */
    static Fp8Scale inputScale(Path file) {
        Optional<JsonFields> quantization = JsonFields.read(file).object("quantization_config");
        quantization.ifPresent(q -> q.only("scale_fmt", "ue8m0"));
        return quantization.filter(q -> q.has("scale_fmt")).isPresent()
                ? Fp8Scale.POWER_OF_TWO
                : Fp8Scale.FLOAT32;
    }

    /** Reads a config from text; {@code origin} stands in front of messages. */
    public static DeepSeekConfig parse(String json, String origin, Mode mode) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new CheckpointException(origin + ": not JSON: " + oneLine(e.getOriginalMessage()), e);
        }
        if (!root.isObject()) {
            throw new CheckpointException(origin + ": not a model config: need a JSON object");
        }
        JsonFields f = new JsonFields(root, origin + ": ");
        String type = modelType(f, origin, mode);
        if (mode == Mode.STRICT) {
            f.onlyKnown(KNOWN);
        }
        checkSupported(f);
        try {
            return config(new Keys(f, mode, type));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(origin + ": " + e.getMessage(), e);
        }
    }

    /**
     * Writes a config with the keys of real releases.
     *
     * @throws CheckpointException if that fails; the old file is then untouched
     */
    public static void write(DeepSeekConfig config, Path file) {
        AtomicFile.write(file, toJson(config));
    }

    /** A config as JSON text with the keys of real releases. */
    public static String toJson(DeepSeekConfig config) {
        ObjectNode root = JSON.createObjectNode();
        boolean v3 = config.modelType().equals("deepseek_v3");
        root.putArray("architectures").add(v3 ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM");
        root.put("model_type", config.modelType());
        root.put("vocab_size", config.vocabSize());
        root.put("hidden_size", config.hiddenSize());
        root.put("intermediate_size", config.intermediateSize());
        root.put("num_hidden_layers", config.numHiddenLayers());
        root.put("first_k_dense_replace", config.firstKDenseReplace());
        root.put("moe_layer_freq", 1);
        root.put("num_nextn_predict_layers", config.numNextnPredictLayers());
        root.put("rms_norm_eps", config.rmsNormEps());
        root.put("max_position_embeddings", config.maxPositionEmbeddings());
        root.put("initializer_range", config.initializerRange());
        writeAttention(root, config.mla());
        writeExperts(root, config.moe());
        root.put("hidden_act", "silu");
        root.put("attention_bias", false);
        root.put("attention_dropout", 0.0);
        root.put("tie_word_embeddings", false);
        root.put("use_cache", true);
        root.put("torch_dtype", "float32");
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static String modelType(JsonFields f, String origin, Mode mode) {
        String type = f.text("model_type").orElse(mode == Mode.STRICT ? "deepseek_v3" : "");
        if (!MODEL_TYPES.contains(type)) {
            throw new CheckpointException(origin + ": not a DeepSeek config: model_type is "
                    + (type.isEmpty() ? "missing" : '"' + type + '"') + "; need deepseek_v2, deepseek_v3 or kimi_k2");
        }
        return type.equals("deepseek_v2") ? "deepseek_v2" : "deepseek_v3";
    }

    private static void checkSupported(JsonFields f) {
        f.only("hidden_act", "silu");
        f.only("attention_bias", "false");
        f.only("mlp_bias", "false");
        f.only("tie_word_embeddings", "false");
        f.only("rope_interleave", "true");
        f.only("moe_layer_freq", "1");
        f.object("quantization_config").ifPresent(q -> q.only("weight_block_size", "[128,128]"));
    }

    private static DeepSeekConfig config(Keys k) {
        int hidden = k.size("hidden_size", 7168);
        MlaConfig mla = attention(k, hidden);
        return new DeepSeekConfig(
                k.f.integer("vocab_size", k.mode == Mode.STRICT ? 256 : k.size("vocab_size", 129280)),
                hidden,
                k.size("num_hidden_layers", 61),
                k.f.integer("first_k_dense_replace", k.v3() ? k.mode == Mode.STRICT ? 1 : 3 : 0),
                k.size("intermediate_size", 18432),
                k.f.number("rms_norm_eps", 1e-6),
                k.f.integer("max_position_embeddings", 4096),
                k.f.number("initializer_range", 0.02),
                k.f.integer("num_nextn_predict_layers", 0),
                mla,
                experts(k, hidden));
    }

    private static MlaConfig attention(Keys k, int hidden) {
        int heads = k.size("num_attention_heads", 128);
        int keyHeads = k.f.integer("num_key_value_heads", heads);
        if (keyHeads != heads) {
            throw new IllegalArgumentException("num_key_value_heads: " + keyHeads + "; need num_attention_heads "
                    + heads + ", the latent serves every head");
        }
        // Absent and null differ: transformers' default is a latent of 1536, null is a direct projection.
        boolean direct = k.f.node().has("q_lora_rank") ? !k.f.has("q_lora_rank") : k.mode == Mode.STRICT;
        return new MlaConfig(
                hidden,
                heads,
                direct ? new QueryProjection.Direct() : new QueryProjection.LowRank(k.f.integer("q_lora_rank", 1536)),
                k.size("kv_lora_rank", 512),
                k.size("qk_nope_head_dim", 128),
                k.size("qk_rope_head_dim", 64),
                k.size("v_head_dim", 128),
                rope(k.f));
    }

    private static MoeConfig experts(Keys k, int hidden) {
        return new MoeConfig(
                hidden,
                k.size("n_routed_experts", 256),
                k.f.integer("n_shared_experts", k.mode == Mode.STRICT ? 0 : k.size("n_shared_experts", 1)),
                k.size("num_experts_per_tok", 8),
                k.size("moe_intermediate_size", 2048),
                routing(k),
                k.f.flag("norm_topk_prob", k.v3()),
                k.f.number("routed_scaling_factor", k.v3() ? 2.5 : 1.0));
    }

    private static RoutingMethod routing(Keys k) {
        String method = k.f.text("topk_method").orElse(k.v3() ? "noaux_tc" : "greedy");
        String scores = k.f.text("scoring_func").orElse(method.equals("noaux_tc") ? "sigmoid" : "softmax");
        boolean lenientV3 = k.v3() && k.mode == Mode.LENIENT;
        int groups = k.f.integer("n_group", lenientV3 && !k.f.node().has("n_group") ? 8 : 1);
        int kept = k.f.integer("topk_group", lenientV3 && !k.f.node().has("topk_group") ? 4 : 1);
        RoutingMethod routing = switch (method) {
            case "noaux_tc" -> new RoutingMethod.NoauxTc(groups, kept);
            case "greedy" -> new RoutingMethod.Greedy();
            case "group_limited_greedy" -> new RoutingMethod.GroupLimitedGreedy(groups, kept);
            default ->
                throw new IllegalArgumentException(
                        "topk_method: \"" + method + "\"; need noaux_tc, greedy or group_limited_greedy");
        };
        String need = routing instanceof RoutingMethod.NoauxTc ? "sigmoid" : "softmax";
        if (!scores.equals(need)) {
            throw new IllegalArgumentException(
                    "scoring_func: \"" + scores + "\" with topk_method " + method + "; need " + need);
        }
        return routing;
    }

    /**
     * The old spelling is {@code rope_theta} with {@code rope_scaling}, the new one {@code rope_parameters} with all
     * of it.
     */
    private static RopeConfig rope(JsonFields f) {
        JsonFields spelled = f.object("rope_parameters").orElse(null);
        double theta = spelled != null && spelled.has("rope_theta")
                ? spelled.number("rope_theta")
                : f.number("rope_theta", 10000);
        JsonFields s = spelled != null ? spelled : f.object("rope_scaling").orElse(null);
        if (s == null) {
            return RopeConfig.plain(theta);
        }
        String type = s.text("rope_type").or(() -> s.text("type")).orElse("default");
        return switch (type) {
            case "default" -> RopeConfig.plain(theta);
            case "yarn" ->
                new RopeConfig(
                        theta,
                        new RopeConfig.Scaling.Yarn(
                                s.number("factor"),
                                s.integer(
                                        "original_max_position_embeddings", f.integer("max_position_embeddings", 4096)),
                                s.number("beta_fast", 32),
                                s.number("beta_slow", 1),
                                s.optionalNumber("mscale"),
                                s.optionalNumber("mscale_all_dim")));
            default ->
                throw new CheckpointException(
                        s.path() + "type: \"" + type + "\" is not supported; need yarn or default");
        };
    }

    private static void writeAttention(ObjectNode root, MlaConfig mla) {
        root.put("num_attention_heads", mla.numAttentionHeads());
        root.put("num_key_value_heads", mla.numAttentionHeads());
        switch (mla.query()) {
            case QueryProjection.Direct q -> root.putNull("q_lora_rank");
            case QueryProjection.LowRank q -> root.put("q_lora_rank", q.qLoraRank());
        }
        root.put("kv_lora_rank", mla.kvLoraRank());
        root.put("qk_nope_head_dim", mla.qkNopeHeadDim());
        root.put("qk_rope_head_dim", mla.qkRopeHeadDim());
        root.put("v_head_dim", mla.vHeadDim());
        root.put("rope_theta", mla.rope().ropeTheta());
        switch (mla.rope().scaling()) {
            case RopeConfig.Scaling.None n -> root.putNull("rope_scaling");
            case RopeConfig.Scaling.Yarn y -> {
                ObjectNode s = root.putObject("rope_scaling");
                s.put("type", "yarn");
                s.put("factor", y.factor());
                s.put("original_max_position_embeddings", y.originalMaxPositionEmbeddings());
                s.put("beta_fast", y.betaFast());
                s.put("beta_slow", y.betaSlow());
                y.mscale().ifPresent(m -> s.put("mscale", m));
                y.mscaleAllDim().ifPresent(m -> s.put("mscale_all_dim", m));
            }
        }
    }

    private static void writeExperts(ObjectNode root, MoeConfig moe) {
        root.put("n_routed_experts", moe.nRoutedExperts());
        root.put("n_shared_experts", moe.nSharedExperts());
        root.put("num_experts_per_tok", moe.numExpertsPerTok());
        root.put("moe_intermediate_size", moe.moeIntermediateSize());
        root.put(
                "topk_method",
                switch (moe.method()) {
                    case RoutingMethod.NoauxTc m -> "noaux_tc";
                    case RoutingMethod.Greedy m -> "greedy";
                    case RoutingMethod.GroupLimitedGreedy m -> "group_limited_greedy";
                });
        root.put("scoring_func", moe.method() instanceof RoutingMethod.NoauxTc ? "sigmoid" : "softmax");
        root.put("n_group", moe.method().groups());
        root.put("topk_group", moe.method().keptGroups());
        root.put("norm_topk_prob", moe.normTopkProb());
        root.put("routed_scaling_factor", moe.routedScalingFactor());
    }

    private static String oneLine(String s) {
        return s.lines().findFirst().orElse("");
    }

    /**
     * The keys with the rule for absent sizes: transformers' V3 value where a V3 checkpoint leaves it out, else an
     * error.
     */
    private record Keys(JsonFields f, Mode mode, String type) {
        boolean v3() {
            return type.equals("deepseek_v3");
        }

        int size(String key, int v3Default) {
            return v3() && mode == Mode.LENIENT ? f.integer(key, v3Default) : f.integer(key);
        }
    }
}
