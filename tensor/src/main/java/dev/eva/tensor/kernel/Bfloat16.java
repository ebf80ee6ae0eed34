package dev.eva.tensor.kernel;

/** bfloat16: the upper half of a float32, eight bits of exponent and seven of fraction. */
public final class Bfloat16 {
    private static final int EXPONENT = 0x7F80_0000;
    private static final int MAGNITUDE = 0x7FFF_FFFF;
    private static final int QUIET = 0x0040;
    private static final int HALF_LESS_ONE = 0x7FFF;

    private Bfloat16() {}

    /**
     * The nearest bfloat16, ties to the one whose last bit is even. Values beyond the largest become infinite, as IEEE
     * 754 has it; NaN stays NaN.
     */
    public static short encode(float x) {
        int bits = Float.floatToRawIntBits(x);
        if ((bits & MAGNITUDE) > EXPONENT) {
            return (short) (bits >>> 16 | QUIET);
        }
        return (short) (bits + HALF_LESS_ONE + (bits >>> 16 & 1) >>> 16);
    }

    /** {@code out_i = encode(x_i)}. */
    public static void encode(int n, float[] x, int xOffset, short[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = encode(x[xOffset + i]);
        }
    }

    /** {@code out_i = decode(codes_i)}. */
    public static void decode(int n, short[] codes, int codesOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = decode(codes[codesOffset + i]);
        }
    }

    /** The float32 of the same value. */
    public static float decode(short code) {
        return Float.intBitsToFloat(code << 16);
    }
}
