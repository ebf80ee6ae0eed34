package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Scale;
import dev.eva.model.DeepSeekConfig;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code config.json} and {@code generation_config.json} as releases have them and transformers reads them: the type of
 * the weights and the rotation of positions in the older and in the newer spelling, and the ids that begin and end a
 * text.
 */
final class ReleaseConfig {
    static final String GENERATION = "generation_config.json";

    private static final List<String> TOKEN_IDS = List.of("bos_token_id", "eos_token_id", "pad_token_id");
    /** The matrices that no file in FP8 has in FP8: embedding, routers, the projection of multi-token prediction. */
    private static final List<String> WIDE = List.of("model.embed_tokens", "mlp.gate", "eh_proj");

    private static final JsonMapper JSON = JsonMapper.shared();

    private final ObjectNode config;

    private ReleaseConfig(ObjectNode config) {
        this.config = config;
    }

    /** The config of a model with weights stored in that form, without ids of special tokens. */
    static ReleaseConfig of(DeepSeekConfig model, CheckpointExport.Form form) {
        StoredType type = form.type();
        ObjectNode root = (ObjectNode) JSON.readTree(ConfigJson.toJson(model));
        // What is not in FP8 is in BF16.
        String dtype = type == StoredType.F32 ? "float32" : "bfloat16";
        root.put("torch_dtype", dtype).put("dtype", dtype);
        root.put("rope_interleave", true);
        root.put("pretraining_tp", 1).put("ep_size", 1);
        if (type.fp8().isPresent()) {
            ObjectNode quantization = root.putObject("quantization_config");
            quantization
                    .put("quant_method", "fp8")
                    .put("fmt", type == StoredType.F8_E4M3 ? "e4m3" : "e5m2")
                    .put("activation_scheme", "dynamic");
            if (form.scales() == Fp8Scale.POWER_OF_TWO) {
                quantization.put("scale_fmt", "ue8m0");
            }
            quantization.putArray("weight_block_size").add(Fp8Blocks.BLOCK).add(Fp8Blocks.BLOCK);
            if (form.fp8Head()) {
                // Absent, transformers takes the head for one of these.
                ArrayNode wide = quantization.putArray("modules_to_not_convert");
                WIDE.forEach(wide::add);
            }
        }
        rope(root);
        // Absent, transformers takes 0 and 1 for them, which here are tokens as any other.
        TOKEN_IDS.forEach(root::putNull);
        return new ReleaseConfig(root);
    }

    /** Takes over the ids of special tokens from the config of another folder. */
    ReleaseConfig tokenIdsOf(JsonNode other) {
        for (String key : TOKEN_IDS) {
            config.set(key, other.hasNonNull(key) ? other.get(key) : NullNode.getInstance());
        }
        return this;
    }

    /** Writes both files into the folder. */
    void write(Path folder) {
        AtomicFile.write(folder.resolve(CheckpointFiles.CONFIG), text(config));
        ObjectNode generation = JSON.createObjectNode().put("_from_model_config", true);
        for (String key : TOKEN_IDS) {
            generation.set(key, config.get(key));
        }
        AtomicFile.write(folder.resolve(GENERATION), text(generation));
    }

    private static void rope(ObjectNode root) {
        ObjectNode parameters = root.putObject("rope_parameters");
        parameters.put("rope_type", "default");
        if (root.get("rope_scaling") instanceof ObjectNode scaling) {
            scaling.put("rope_type", scaling.get("type").stringValue());
            parameters.setAll(scaling);
        }
        parameters.set("rope_theta", root.get("rope_theta"));
    }

    private static String text(ObjectNode node) {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n";
    }
}
