package dev.eva.mla;

/**
 * Latents of a cache in fewer bits than float32; the rotated keys beside them stay in float32, for they carry
 * positions. One sequence, one layer, written by one thread, read by several.
 */
public interface LatentStore {
    /** Makes room for so many latents; those that are there stay. */
    void reserve(int rows);

    /** Stores the latent of a token, {@code c[at ...]}. */
    void put(int row, float[] c, int at);

    /** Writes the latents of {@code count} tokens from {@code first} on, each {@code stride} after the one before. */
    void get(int first, int count, float[] out, int at, int stride);

    /** Bytes of one latent. */
    int bytesARow();
}
