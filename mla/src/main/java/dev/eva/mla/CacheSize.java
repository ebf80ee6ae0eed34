package dev.eva.mla;

/**
 * How many values a key-value cache of one layer holds. A standard cache has {@code 2 B T N H}: keys and values of
 * every head. The latent cache has {@code B T (R + ropeDim)}: the latent and the one rotated key that all heads share.
 *
 * @param tokens {@code B T}
 * @param standardRow values a token in a standard cache: {@code 2 N H}, or {@code N (qkNopeHeadDim + vHeadDim)}
 * @param latent values a token of the latent, R
 * @param rope values a token of the shared rotated key
 */
public record CacheSize(long tokens, int standardRow, int latent, int rope) {
    public CacheSize {
        if (tokens < 1 || standardRow < 1 || latent < 1 || rope < 0) {
            throw new IllegalArgumentException("cache: " + tokens + " tokens, standard row " + standardRow + ", latent "
                    + latent + ", rope " + rope + "; need at least 1 of each, rope at least 0");
        }
    }

    /** The cache of an attention layer. */
    public static CacheSize of(MlaConfig mla, long tokens) {
        return new CacheSize(tokens, mla.standardCacheRow(), mla.kvLoraRank(), mla.qkRopeHeadDim());
    }

    /** Values of a standard cache. */
    public long standard() {
        return Math.multiplyExact(tokens, standardRow);
    }

    /** Values of the latents alone. */
    public long latentOnly() {
        return Math.multiplyExact(tokens, latent);
    }

    /** Values of the real latent cache, the rotated key included. */
    public long withRope() {
        return Math.multiplyExact(tokens, latent + rope);
    }
}
