package dev.eva.model.checkpoint;

/** bfloat16: the upper half of a float32, eight bits of exponent and seven of fraction. */
final class Bf16 {
    private static final int EXPONENT = 0x7F80_0000;
    private static final int MAGNITUDE = 0x7FFF_FFFF;
    private static final int QUIET = 0x0040;
    private static final int HALF_LESS_ONE = 0x7FFF;

    private Bf16() {}

    /**
     * The nearest bfloat16, ties to the one whose last bit is even. Values beyond the largest become infinite, as IEEE
     * 754 has it; NaN stays NaN.
     */
    static short encode(float x) {
        int bits = Float.floatToRawIntBits(x);
        if ((bits & MAGNITUDE) > EXPONENT) {
            return (short) (bits >>> 16 | QUIET);
        }
        return (short) (bits + HALF_LESS_ONE + (bits >>> 16 & 1) >>> 16);
    }

    /** The float32 of the same value. */
    static float decode(short code) {
        return Float.intBitsToFloat(code << 16);
    }
}
