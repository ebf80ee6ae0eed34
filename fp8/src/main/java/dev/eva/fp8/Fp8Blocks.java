package dev.eva.fp8;

/**
 * The blocks of 128 x 128 that share a scale in DeepSeek-V3's stored weights; those at the right and lower edge may be
 * smaller.
 */
public final class Fp8Blocks {
    /** Rows and columns of a block. */
    public static final int BLOCK = 128;

    private Fp8Blocks() {}

    /** Blocks that cover {@code n} rows or columns: {@code ceil(n / 128)}. */
    public static int blocks(int n) {
        return (n + BLOCK - 1) / BLOCK;
    }
}
