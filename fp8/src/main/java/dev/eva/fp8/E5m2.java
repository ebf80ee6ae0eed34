package dev.eva.fp8;

/**
 * The 8-bit float E5M2: one sign bit, five exponent bits (bias 15), two mantissa bits; the upper half of a float16.
 *
 * <p>{@code value = (-1)^s * 2^(e-15) * (1 + m/4)}, and {@code (-1)^s * 2^-14 * m/4} for {@code e = 0}. The largest
 * finite value is 57344 (code 0x7B), the smallest normal 2^-14, the smallest subnormal 2^-16; 0x7C and 0xFC are the
 * infinities, 0x7D to 0x7F and 0xFD to 0xFF are NaN (OCP OFP8 1.0).
 */
public final class E5m2 {
    /** Largest finite value. */
    public static final float MAX = 57344f;

    private static final byte NAN = 0x7F;
    private static final int MAX_CODE = 0x7B;
    private static final int INFINITY_CODE = 0x7C;
    /** Float32 bits of the smallest normal value, 2^-14. */
    private static final int MIN_NORMAL_BITS = (127 - 14) << 23;
    /** Difference of the exponent biases, in units of the code's exponent field. */
    private static final int REBIAS = (127 - 15) << 2;

    private E5m2() {}

    /** The value of a code, exact in float32. */
    public static float decode(byte code) {
        return Float.float16ToFloat((short) (code << 8));
    }

    /**
     * The nearest code, ties to the even one; what is beyond 57344, infinities included, becomes the largest finite
     * value; NaN stays NaN.
     */
    public static byte encode(float x) {
        return encode(x, MAX_CODE);
    }

    /** The nearest code, ties to the even one; what rounds to more than 57344 (from 61440 on) becomes infinite. */
    public static byte encodeOrInfinity(float x) {
        return encode(x, INFINITY_CODE);
    }

    private static byte encode(float x, int overflow) {
        int bits = Float.floatToRawIntBits(x);
        int sign = (bits >>> 24) & 0x80;
        int abs = bits & 0x7FFFFFFF;
        if (abs > 0x7F800000) {
            return (byte) (sign | NAN);
        }
        int code;
        if (abs < MIN_NORMAL_BITS) {
            // A multiple of 2^-16, by one rounding; 4 is the code of 2^-14.
            code = (int) Math.rint(Float.intBitsToFloat(abs) * 65536.0);
        } else {
            // Half of the 21 dropped bits, less one unless the kept part is odd.
            int odd = (abs >>> 21) & 1;
            code = ((abs + 0xFFFFF + odd) >>> 21) - REBIAS;
        }
        return (byte) (sign | (code > MAX_CODE ? overflow : code));
    }
}
