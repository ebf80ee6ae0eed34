package dev.eva.mla;

import dev.eva.nn.ModelSize;
import dev.eva.nn.RopeConfig;

/**
 * Sizes of multi-head latent attention, by the names of Hugging Face's config.
 *
 * @param hiddenSize model dimension D
 * @param numAttentionHeads heads N
 * @param query with or without the query latent
 * @param kvLoraRank size of the key-value latent R
 * @param qkNopeHeadDim width of a head's query and key without position
 * @param qkRopeHeadDim width of a head's rotated query and of the one shared rotated key; even
 * @param vHeadDim width of a head's value
 * @param rope frequencies and context scaling
 */
public record MlaConfig(
        int hiddenSize,
        int numAttentionHeads,
        QueryProjection query,
        int kvLoraRank,
        int qkNopeHeadDim,
        int qkRopeHeadDim,
        int vHeadDim,
        RopeConfig rope) {
    /**
     * Epsilon of the norms on the latents: 1e-6 whatever {@code rms_norm_eps} says, as in Hugging Face transformers.
     */
    public static final float LATENT_NORM_EPS = 1e-6f;

    public MlaConfig {
        ModelSize.HIDDEN.check("hidden_size", hiddenSize);
        ModelSize.WIDTH.check("num_attention_heads", numAttentionHeads);
        ModelSize.WIDTH.check("kv_lora_rank", kvLoraRank);
        ModelSize.WIDTH.check("qk_nope_head_dim", qkNopeHeadDim);
        ModelSize.WIDTH.check("qk_rope_head_dim", qkRopeHeadDim);
        ModelSize.WIDTH.check("v_head_dim", vHeadDim);
        long widest = qkNopeHeadDim + Math.max(qkRopeHeadDim, vHeadDim);
        ModelSize.ROWS.check("num_attention_heads times the width of a head", numAttentionHeads * widest);
        if (qkRopeHeadDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "qk_rope_head_dim: " + qkRopeHeadDim + "; need an even number, dimensions rotate in pairs");
        }
    }

    /** Width of a head's query and key: {@code qkNopeHeadDim + qkRopeHeadDim}. */
    public int qkHeadDim() {
        return qkNopeHeadDim + qkRopeHeadDim;
    }

    /** Values that the cache keeps for a token in a layer: {@code kvLoraRank + qkRopeHeadDim}. */
    public int cacheRow() {
        return kvLoraRank + qkRopeHeadDim;
    }

    /** Values that a standard cache of the same heads would keep: {@code N * (qkNopeHeadDim + vHeadDim)}. */
    public int standardCacheRow() {
        return numAttentionHeads * (qkNopeHeadDim + vHeadDim);
    }
}
