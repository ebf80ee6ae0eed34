package dev.eva.mla;

import dev.eva.nn.Rope;
import dev.eva.tensor.Tensor;
import java.util.Arrays;

/**
 * What attention remembers of one sequence in one layer: a row {@code [c_hat (R) ; R_p k^r (rope)]} a token, the latent
 * after its norm and the shared key after its rotation. Keys and values of all heads follow from it.
 *
 * <p>Grows geometrically up to its maximum. One sequence, one layer, one thread.
 */
public final class LatentCache {
    private static final int FIRST_ROWS = 64;

    private final int latent;
    private final int ropeDim;
    private final int maxLength;
    /** Where latents lie if not in {@link #rows}; or null. */
    private final LatentStore store;
    /** A row a token: latent and key, or the key alone. */
    private float[] rows;

    private int length;

    /** Empty, for at most {@code maxLength} tokens, in float32. */
    public LatentCache(MlaConfig config, int maxLength) {
        this(config, maxLength, null);
    }

    /**
     * Empty, for at most {@code maxLength} tokens.
     *
     * @param store takes the latents; null for float32
     */
    public LatentCache(MlaConfig config, int maxLength, LatentStore store) {
        if (maxLength < 1 || (long) maxLength * config.cacheRow() > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("latent cache: maximum length " + maxLength + "; need 1 to "
                    + (Integer.MAX_VALUE - 16) / config.cacheRow() + " tokens of " + config.cacheRow() + " values");
        }
        this.latent = config.kvLoraRank();
        this.ropeDim = config.qkRopeHeadDim();
        this.maxLength = maxLength;
        this.store = store;
        int first = Math.min(FIRST_ROWS, maxLength);
        this.rows = new float[first * stride()];
        if (store != null) {
            store.reserve(first);
        }
    }

    /** Tokens held. */
    public int length() {
        return length;
    }

    /** Tokens that it may hold. */
    public int maxLength() {
        return maxLength;
    }

    /** Values a token: {@code kvLoraRank + qkRopeHeadDim}. */
    public int rowSize() {
        return latent + ropeDim;
    }

    /** Values of a latent. */
    int latentSize() {
        return latent;
    }

    /** Bytes that a token takes. */
    public int bytesAToken() {
        return Float.BYTES * stride() + (store == null ? 0 : store.bytesARow());
    }

    /** Bytes allocated now. */
    public long bytes() {
        return (long) rows.length / stride() * bytesAToken();
    }

    /** Values of a token in {@link #rows}. */
    private int stride() {
        return store == null ? latent + ropeDim : ropeDim;
    }

    /** Whether {@link #rows} holds all of a token. */
    boolean isFloat32() {
        return store == null;
    }

    /** Writes the rows {@code [latent ; key]} of {@code count} tokens from {@code first} on, one after the other. */
    void read(int first, int count, float[] out, int at) {
        latents(first, count, out, at, rowSize());
        for (int i = 0; i < count; i++) {
            key(first + i, out, at + i * rowSize() + latent);
        }
    }

    /** Writes the latents of {@code count} tokens from {@code first} on, each {@code step} after the one before. */
    void latents(int first, int count, float[] out, int at, int step) {
        if (store != null) {
            store.get(first, count, out, at, step);
            return;
        }
        for (int i = 0; i < count; i++) {
            System.arraycopy(rows, (first + i) * stride(), out, at + i * step, latent);
        }
    }

    /** Writes the rotated key of a token. */
    void key(int row, float[] out, int at) {
        System.arraycopy(rows, (row + 1) * stride() - ropeDim, out, at, ropeDim);
    }

    /** Forgets all tokens from {@code newLength} on; the memory stays. */
    public void truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("latent cache: truncate to " + newLength + "; need 0 to " + length);
        }
        length = newLength;
    }

    /** The rows of a cache in float32, token after token from index 0; replaced when the cache grows. */
    float[] rows() {
        return rows;
    }

    /**
     * Adds tokens at positions {@code start = length()} and on.
     *
     * @param c (M, R), after the norm
     * @param kRope (M, rope), before the rotation
     */
    void append(Tensor c, Tensor kRope, Rope rope, int start) {
        checkStart(start);
        int count = c.dim(0);
        reserve(count);
        Rope.Tables tables = rope.tables(start + count);
        for (int i = 0; i < count; i++) {
            int at = (start + i) * stride();
            if (store == null) {
                System.arraycopy(c.array(), c.offset() + i * latent, rows, at, latent);
            } else {
                store.put(start + i, c.array(), c.offset() + i * latent);
            }
            int keyAt = at + stride() - ropeDim;
            tables.rotate(start + i, kRope.array(), kRope.offset() + i * ropeDim, rows, keyAt);
        }
        length += count;
    }

    /** Refuses tokens that would leave a gap or replace others. */
    void checkStart(int start) {
        if (start != length) {
            throw new IllegalArgumentException("latent cache: tokens start at position " + start
                    + ", but the cache holds " + length + "; need start == length, truncate() to go back");
        }
    }

    private void reserve(int count) {
        if (count > maxLength - length) {
            throw new IllegalArgumentException("latent cache: full: " + length + " tokens and " + count
                    + " new ones; the maximum is " + maxLength);
        }
        int need = length + count;
        int have = rows.length / stride();
        if (need > have) {
            int size = (int) Math.min(maxLength, Math.max(need, 2L * have));
            rows = Arrays.copyOf(rows, size * stride());
            if (store != null) {
                store.reserve(size);
            }
        }
    }
}
