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
    private float[] rows;
    private int length;

    /** Empty, for at most {@code maxLength} tokens. */
    public LatentCache(MlaConfig config, int maxLength) {
        if (maxLength < 1 || (long) maxLength * config.cacheRow() > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("latent cache: maximum length " + maxLength + "; need 1 to "
                    + (Integer.MAX_VALUE - 16) / config.cacheRow() + " tokens of " + config.cacheRow() + " values");
        }
        this.latent = config.kvLoraRank();
        this.ropeDim = config.qkRopeHeadDim();
        this.maxLength = maxLength;
        this.rows = new float[Math.min(FIRST_ROWS, maxLength) * rowSize()];
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

    /** Values of the latent in a row, its first ones. */
    int latentSize() {
        return latent;
    }

    /** Bytes allocated now. */
    public long bytes() {
        return 4L * rows.length;
    }

    /** Forgets all tokens from {@code newLength} on; the memory stays. */
    public void truncate(int newLength) {
        if (newLength < 0 || newLength > length) {
            throw new IllegalArgumentException("latent cache: truncate to " + newLength + "; need 0 to " + length);
        }
        length = newLength;
    }

    /** The rows, token after token from index 0; replaced when the cache grows. */
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
            int at = (start + i) * rowSize();
            System.arraycopy(c.array(), c.offset() + i * latent, rows, at, latent);
            tables.rotate(start + i, kRope.array(), kRope.offset() + i * ropeDim, rows, at + latent);
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
        int have = rows.length / rowSize();
        if (need > have) {
            int size = (int) Math.min(maxLength, Math.max(need, 2L * have));
            rows = Arrays.copyOf(rows, size * rowSize());
        }
    }
}
