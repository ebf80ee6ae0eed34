package dev.eva.tensor.kernel;

/** What a product with a {@link FrozenMatrix} does to its input first: rounding to a format of fewer bits. */
@FunctionalInterface
public interface InputRounding {
    /**
     * Rounds a row.
     *
     * @param n its values, {@code x[xOffset + i]}
     * @param out takes them as float32 again, from {@code outOffset} on
     */
    void round(int n, float[] x, int xOffset, float[] out, int outOffset);
}
