package dev.eva.fp8;

/**
 * The two 8-bit floats of OCP OFP8 1.0. Encoding rounds to the nearest code, ties to the even one; decoding is exact.
 */
public enum Fp8Format {
    /** {@link E4m3}: the format of DeepSeek-V3's weights, activations and gradients. */
    E4M3(3, 7, E4m3.MAX, 480f, 0x7F) {
        @Override
        public float decode(byte code) {
            return E4m3.decode(code);
        }

        @Override
        public byte encode(float x) {
            return E4m3.encode(x);
        }

        @Override
        public byte encodeOrOverflow(float x) {
            return E4m3.encodeOrNan(x);
        }
    },
    /** {@link E5m2}: more range, one bit less of precision. */
    E5M2(2, 15, E5m2.MAX, 65536f, 0x7C) {
        @Override
        public float decode(byte code) {
            return E5m2.decode(code);
        }

        @Override
        public byte encode(float x) {
            return E5m2.encode(x);
        }

        @Override
        public byte encodeOrOverflow(float x) {
            return E5m2.encodeOrInfinity(x);
        }
    };

    private final int mantissaBits;
    private final int bias;
    private final float max;
    private final float beyond;
    private final int firstSpecial;

    Fp8Format(int mantissaBits, int bias, float max, float beyond, int firstSpecial) {
        this.mantissaBits = mantissaBits;
        this.bias = bias;
        this.max = max;
        this.beyond = beyond;
        this.firstSpecial = firstSpecial;
    }

    /** The value of a code, exact in float32. */
    public abstract float decode(byte code);

    /** The nearest code; overflow and infinities become the largest finite value; NaN stays NaN. */
    public abstract byte encode(float x);

    /** The nearest code; overflow becomes NaN in E4M3, which has no infinities, and infinite in E5M2. */
    public abstract byte encodeOrOverflow(float x);

    /** Largest finite value. */
    public float max() {
        return max;
    }

    /** Bits of the mantissa, the leading one not counted. */
    public int mantissaBits() {
        return mantissaBits;
    }

    /** What the exponent field exceeds the exponent by. */
    public int bias() {
        return bias;
    }

    /** What the code after that of {@link #max} would be worth: what overflows is encoded as this value would be. */
    public float beyond() {
        return beyond;
    }

    /** The largest value that rounds to zero: half of the smallest subnormal, a tie that goes to the even code. */
    public float largestToZero() {
        return Math.scalb(1f, -bias - mantissaBits);
    }

    /** The first code, without sign, that is infinite or NaN. */
    public int firstSpecial() {
        return firstSpecial;
    }

    /**
     * One of the two neighbouring codes, the upper one with a probability of the distance from the lower one, so that
     * the mean over many {@code random} is {@code x} within 2^-20 of a step; saturates as {@link #encode} does.
     *
     * @param random uniform bits, of which the low ones that the format drops are used
     */
    public byte encodeStochastic(float x, int random) {
        int bits = Float.floatToRawIntBits(x);
        int sign = (bits >>> 24) & 0x80;
        int abs = bits & 0x7FFFFFFF;
        if (abs > 0x7F800000) {
            return (byte) (sign | 0x7F);
        }
        int drop = 23 - mantissaBits;
        int minNormal = (128 - bias) << 23;
        abs = Math.min(abs, Float.floatToRawIntBits(max));
        // Subnormals are moved up by the smallest normal, to where steps are as wide and counted by the mantissa.
        int moved = abs < minNormal ? 1 << mantissaBits : 0;
        if (moved != 0) {
            abs = Float.floatToRawIntBits(Float.intBitsToFloat(abs) + Float.intBitsToFloat(minNormal));
        }
        int up = random & ((1 << drop) - 1);
        return (byte) (sign | (((abs + up) >>> drop) - ((127 - bias) << mantissaBits) - moved));
    }
}
