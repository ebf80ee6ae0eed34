package dev.eva.model.checkpoint;

import dev.eva.model.ParameterShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The one place that knows what Hugging Face calls a tensor. A parameter of Eva may be several tensors of a
 * checkpoint: gate and up
 * projection lie in one matrix (gate rows first), the experts of a layer in one tensor.
 */
public final class HfNames {
    /** What a companion scale of an FP8 weight has after the weight's name. */
    static final String SCALE_SUFFIX = "_scale_inv";

    private static final Map<String, String> OUTSIDE =
            Map.of("embed", "model.embed_tokens.weight", "norm", "model.norm.weight", "head", "lm_head.weight");

    private static final Map<String, String> IN_LAYER = Map.ofEntries(
            Map.entry("attnNorm", "input_layernorm.weight"),
            Map.entry("ffnNorm", "post_attention_layernorm.weight"),
            Map.entry("attn.wq", "self_attn.q_proj.weight"),
            Map.entry("attn.wqA", "self_attn.q_a_proj.weight"),
            Map.entry("attn.qNorm", "self_attn.q_a_layernorm.weight"),
            Map.entry("attn.wqB", "self_attn.q_b_proj.weight"),
            Map.entry("attn.wkvA", "self_attn.kv_a_proj_with_mqa.weight"),
            Map.entry("attn.kvNorm", "self_attn.kv_a_layernorm.weight"),
            Map.entry("attn.wkvB", "self_attn.kv_b_proj.weight"),
            Map.entry("attn.wo", "self_attn.o_proj.weight"),
            Map.entry("enorm", "enorm.weight"),
            Map.entry("hnorm", "hnorm.weight"),
            Map.entry("ehProj", "eh_proj.weight"),
            Map.entry("sharedHead.norm", "shared_head.norm.weight"),
            Map.entry("ffn.gate", "mlp.gate.weight"),
            Map.entry("ffn.gateBias", "mlp.gate.e_score_correction_bias"));

    private static final Pattern LAYER = Pattern.compile("layers\\.(\\d+)\\.(.+)");
    private static final Pattern LAYER_NUMBER = Pattern.compile("(?:model\\.)?layers\\.(\\d{1,8})\\..");
    private static final Pattern FP8 =
            Pattern.compile("model\\.layers\\.\\d+\\.(self_attn|mlp)\\..*_proj(_with_mqa)?\\.weight");
    private static final Pattern HEAD_COPY = Pattern.compile("model\\.layers\\.\\d+\\.shared_head\\.head\\.weight");
    private static final Pattern FEED_FORWARD = Pattern.compile("ffn\\.(sharedExperts\\.|experts\\.|)(w13|w2)");

    /**
     * A tensor of a checkpoint and where it lies in a parameter.
     *
     * @param name Hugging Face's name
     * @param first first element in the parameter, row-major; the experts of the largest layers are no single array
     * @param dims sizes in the file
     */
    public record Piece(String name, long first, int... dims) {
        /** The first element of a parameter that is an array. */
        public int offset() {
            return Math.toIntExact(first);
        }

        /** Number of elements. */
        public int size() {
            return Arrays.stream(dims).reduce(1, Math::multiplyExact);
        }

        /** The sizes as {@code (4, 7168)}. */
        String dimsText() {
            return Arrays.toString(dims).replace('[', '(').replace(']', ')');
        }
    }

    private HfNames() {}

    /** The tensors that make up a parameter, in the order in which they lie in it. */
    public static List<Piece> pieces(ParameterShape parameter) {
        return pieces(parameter.name(), parameter.dims());
    }

    /** The tensors that make up the parameter {@code name} of the given sizes. */
    public static List<Piece> pieces(String name, int... dims) {
        if (OUTSIDE.containsKey(name)) {
            return List.of(new Piece(OUTSIDE.get(name), 0, dims));
        }
        Matcher layer = LAYER.matcher(name);
        if (layer.matches()) {
            String prefix = "model.layers." + layer.group(1) + ".";
            String inside = layer.group(2);
            if (IN_LAYER.containsKey(inside)) {
                return List.of(new Piece(prefix + IN_LAYER.get(inside), 0, dims));
            }
            Matcher ffn = FEED_FORWARD.matcher(inside);
            if (ffn.matches()) {
                return feedForward(prefix + "mlp.", ffn.group(1), ffn.group(2), dims);
            }
        }
        throw new IllegalArgumentException("checkpoint names: no Hugging Face name for parameter " + name);
    }

    /** Whether releases in FP8 store this tensor so: the projections of attention and of feed-forward networks. */
    static boolean isFp8(String name) {
        return FP8.matcher(name).matches();
    }

    /** Whether this is the output head, or the copy of it that a multi-token prediction layer may have. */
    static boolean isHead(String name) {
        return name.equals(OUTSIDE.get("head")) || HEAD_COPY.matcher(name).matches();
    }

    /** Whether a tensor belongs to a layer behind the last decoder layer: multi-token prediction. */
    static boolean isBehindLayer(String name, int numHiddenLayers) {
        Matcher m = LAYER_NUMBER.matcher(name);
        return m.lookingAt() && Integer.parseInt(m.group(1)) >= numHiddenLayers;
    }

    /**
     * What a multi-token prediction layer may repeat of the main model: the name of the copy, and of what it must
     * equal.
     */
    static Map<String, String> copies(int layer) {
        String prefix = "model.layers." + layer + ".";
        return new TreeMap<>(Map.of(
                prefix + "embed_tokens.weight", OUTSIDE.get("embed"),
                prefix + "shared_head.head.weight", OUTSIDE.get("head")));
    }

    private static List<Piece> feedForward(String mlp, String kind, String matrix, int[] dims) {
        List<Piece> pieces = new ArrayList<>();
        if (!kind.equals("experts.")) {
            matrixPieces(mlp + (kind.isEmpty() ? "" : "shared_experts."), matrix, 0, dims[0], dims[1], pieces);
            return pieces;
        }
        for (int e = 0; e < dims[0]; e++) {
            long offset = (long) e * Math.multiplyExact(dims[1], dims[2]);
            matrixPieces(mlp + "experts." + e + ".", matrix, offset, dims[1], dims[2], pieces);
        }
        return pieces;
    }

    private static void matrixPieces(String prefix, String matrix, long offset, int rows, int cols, List<Piece> into) {
        if (matrix.equals("w2")) {
            into.add(new Piece(prefix + "down_proj.weight", offset, rows, cols));
        } else {
            int half = rows / 2;
            into.add(new Piece(prefix + "gate_proj.weight", offset, half, cols));
            into.add(new Piece(prefix + "up_proj.weight", offset + (long) half * cols, half, cols));
        }
    }
}
