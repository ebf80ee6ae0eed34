package dev.eva.fp8;

/**
 * The scale format UE8M0: an unsigned exponent, {@code value = 2^(code - 127)} for codes 0 to 254; 255 is NaN. It has
 * neither sign nor zero (OCP MX 1.0).
 */
public final class Ue8m0 {
    private static final byte NAN = (byte) 255;
    private static final int INFINITY_BITS = 0x7F800000;
    private static final int MAX_CODE = 254;
    /** The bits of 2^-127. */
    private static final int SMALLEST_BITS = 0x00400000;

    private Ue8m0() {}

    /** The value of a code, exact in float32 (2^-127, code 0, is subnormal there). */
    public static float decode(byte code) {
        int exponent = code & 0xFF;
        return exponent == 255 ? Float.NaN : Float.intBitsToFloat(exponent == 0 ? SMALLEST_BITS : exponent << 23);
    }

    /**
     * The nearest power of two, a tie (1.5 times one) to the upper, at most 2^127; NaN for what is negative, infinite
     * or not a number.
     *
     * @param x a normal number; what is below 2^-126 becomes 2^-127 or 2^-126
     */
    public static byte encodeNearest(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (!isFinitePositive(bits)) {
            return NAN;
        }
        // Half of the dropped mantissa; a carry is the next power of two.
        return (byte) Math.min(MAX_CODE, (bits + 0x400000) >>> 23);
    }

    /**
     * The smallest power of two that is not less, from 2^-126 to 2^127; NaN for what is negative, infinite or not a
     * number. A scale that is rounded up leaves no value beyond the largest code.
     */
    public static byte encodeCeil(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (!isFinitePositive(bits)) {
            return NAN;
        }
        return (byte) Math.clamp((bits + 0x7FFFFF) >>> 23, 1, MAX_CODE);
    }

    /** The value of {@link #encodeCeil}. */
    public static float ceil(float x) {
        return decode(encodeCeil(x));
    }

    private static boolean isFinitePositive(int bits) {
        return bits >= 0 && bits < INFINITY_BITS;
    }
}
