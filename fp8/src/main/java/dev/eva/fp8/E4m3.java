package dev.eva.fp8;

/**
 * The 8-bit float E4M3FN: one sign bit, four exponent bits (bias 7), three mantissa bits, no infinities.
 *
 * <p>{@code value = (-1)^s * 2^(e-7) * (1 + m/8)}, and {@code (-1)^s * 2^-6 * m/8} for {@code e = 0}. The largest
 * finite value is
 * 448 (code 0x7E), the smallest normal 2^-6, the smallest subnormal 2^-9; codes 0x7F and 0xFF are NaN.
 */
public final class E4m3 {
    /** Largest finite value. */
    public static final float MAX = 448f;

    private static final byte NAN = 0x7F;
    private static final int MAX_CODE = 0x7E;
    /** Float32 bits of the smallest normal value, 2^-6. */
    private static final int MIN_NORMAL_BITS = (127 - 6) << 23;
    /** Difference of the exponent biases, in units of the code's exponent field. */
    private static final int REBIAS = (127 - 7) << 3;

    private static final float[] DECODED = decodeAll();

    private E4m3() {}

    /** The value of a code, exact in float32; NaN for 0x7F and 0xFF. */
    public static float decode(byte code) {
        return DECODED[code & 0xFF];
    }

    /**
     * The nearest code, ties to the even one; what is beyond 448, infinities included, becomes the largest finite
     * value; NaN stays NaN.
     */
    public static byte encode(float x) {
        return encode(x, MAX_CODE);
    }

    /**
     * The nearest code, ties to the even one; what rounds to more than 448 (beyond 464, infinities included) becomes
     * NaN.
     */
    public static byte encodeOrNan(float x) {
        return encode(x, NAN);
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
            // A multiple of 2^-9; scaling by a power of two is exact, so the only rounding is rint's. 8 is the code
            // of 2^-6.
            code = (int) Math.rint(Float.intBitsToFloat(abs) * 512.0);
        } else {
            // Half of the 20 dropped bits, less one unless the kept part is odd; a carry runs into the exponent as it
            // should.
            int odd = (abs >>> 20) & 1;
            code = ((abs + 0x7FFFF + odd) >>> 20) - REBIAS;
        }
        return (byte) (sign | (code > MAX_CODE ? overflow : code));
    }

    private static float[] decodeAll() {
        float[] values = new float[256];
        for (int code = 0; code < 256; code++) {
            int exponent = (code >> 3) & 0xF;
            int mantissa = code & 7;
            double abs = exponent == 0 ? mantissa / 512.0 : Math.scalb(1 + mantissa / 8.0, exponent - 7);
            values[code] = (float) ((code & 0x80) == 0 ? abs : -abs);
        }
        values[0x7F] = Float.NaN;
        values[0xFF] = Float.NaN;
        return values;
    }
}
