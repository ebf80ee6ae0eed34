package dev.eva.nn;

/**
 * Bounds of the sizes in a model's configuration: far beyond any model, and such that no product of theirs overflows.
 * They keep a broken file from asking for memory without end.
 */
public enum ModelSize {
    /** Layers. */
    DEPTH(1 << 10),
    /** Experts of a layer. */
    EXPERTS(1 << 12),
    /** Width of the residual stream. */
    HIDDEN(1 << 17),
    /** Any other width, and heads. */
    WIDTH(1 << 20),
    /** Rows of a matrix, and ids. */
    ROWS(1 << 24),
    /** Positions. */
    POSITIONS(Integer.MAX_VALUE);

    private final int most;

    ModelSize(int most) {
        this.most = most;
    }

    /**
     * Checks a size.
     *
     * @param key as in Hugging Face's configuration, for the message
     * @throws IllegalArgumentException if it is less than {@code least} or more than the bound
     */
    public void check(String key, long value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    key + ": " + value + "; need " + (least == 1 ? "at least 1" : least + " or more"));
        }
        if (value > most) {
            throw new IllegalArgumentException(key + ": " + value + "; need at most " + most);
        }
    }

    /** Checks a size that is 1 or more. */
    public void check(String key, long value) {
        check(key, value, 1);
    }
}
