package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Scale;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * FP8 conversion in vectors. Rounding is one float addition, the same for normal and subnormal codes: 2^20 times a
 * power of two (E4M3) has the code's step as the unit of its last place, so adding it leaves the number of steps, ties
 * to even, in the low bits.
 */
final class VectorFp8 implements Fp8Kernel {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    /** As many bytes as there are floats in a vector; there is no shape of less than 64 bits. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

    private static final int BLOCK = Fp8Blocks.BLOCK;
    private static final int ABS = 0x7FFFFFFF;
    private static final int EXPONENT = 0x7F800000;

    static boolean works() {
        return BYTES.length() == LANES;
    }

    static int lanes() {
        return LANES;
    }

    @Override
    public float amax(int n, float[] x, int xOffset) {
        IntVector m0 = IntVector.zero(INTS);
        IntVector m1 = m0;
        int i = 0;
        for (int end = n - 2 * LANES; i <= end; i += 2 * LANES) {
            m0 = m0.max(bits(x, xOffset + i).and(ABS));
            m1 = m1.max(bits(x, xOffset + i + LANES).and(ABS));
        }
        float max = Float.intBitsToFloat(m0.max(m1).reduceLanes(VectorOperators.MAX));
        return i == n ? max : Math.max(max, Fp8Kernel.super.amax(n - i, x, xOffset + i));
    }

    @Override
    public void amaxEach(int n, float[] x, int xOffset, float[] amax, int amaxOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            bits(amax, amaxOffset + i)
                    .max(bits(x, xOffset + i).and(ABS))
                    .reinterpretAsFloats()
                    .intoArray(amax, amaxOffset + i);
        }
        Fp8Kernel.super.amaxEach(n - i, x, xOffset + i, amax, amaxOffset + i);
    }

    @Override
    public void encode(
            Fp8Format format, boolean saturate, int n, float[] x, int xOffset, byte[] codes, int codesOffset) {
        float limit = saturate ? format.max() : format.beyond();
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            store(codes(FloatVector.fromArray(FLOATS, x, xOffset + i), format, limit), codes, codesOffset + i);
        }
        Fp8Kernel.super.encode(format, saturate, n - i, x, xOffset + i, codes, codesOffset + i);
    }

    @Override
    public void quantize(Fp8Format format, int n, float scale, float[] x, int xOffset, byte[] codes, int codesOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i).div(scale);
            store(codes(v, format, format.max()), codes, codesOffset + i);
        }
        Fp8Kernel.super.quantize(format, n - i, scale, x, xOffset + i, codes, codesOffset + i);
    }

    /** While a tile is divided, the largest value of the next one is found: its loads are under way early. */
    @Override
    public void quantizeTiles(
            Fp8Format format,
            Fp8Scale rounding,
            int n,
            float[] x,
            int xOffset,
            float[] scales,
            int scalesOffset,
            byte[] codes,
            int codesOffset) {
        int from = 0;
        int t = scalesOffset;
        float amax = n >= BLOCK ? amax(BLOCK, x, xOffset) : 0;
        for (int end = n - 2 * BLOCK; from <= end; from += BLOCK, t++) {
            scales[t] = rounding.of(amax, format);
            amax = quantizeAndLookAhead(format, scales[t], x, xOffset + from, codes, codesOffset + from);
        }
        if (n - from >= BLOCK) {
            scales[t] = rounding.of(amax, format);
            quantize(format, BLOCK, scales[t], x, xOffset + from, codes, codesOffset + from);
            from += BLOCK;
            t++;
        }
        Fp8Kernel.super.quantizeTiles(
                format, rounding, n - from, x, xOffset + from, scales, t, codes, codesOffset + from);
    }

    /** Quantises a tile, and returns the largest absolute value of the one behind it. */
    private static float quantizeAndLookAhead(
            Fp8Format format, float scale, float[] x, int xOffset, byte[] codes, int codesOffset) {
        float limit = format.max();
        IntVector next = IntVector.zero(INTS);
        for (int i = 0; i < BLOCK; i += LANES) {
            next = next.max(bits(x, xOffset + BLOCK + i).and(ABS));
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i).div(scale);
            store(codes(v, format, limit), codes, codesOffset + i);
        }
        return Float.intBitsToFloat(next.reduceLanes(VectorOperators.MAX));
    }

    @Override
    public void quantizeEach(
            Fp8Format format,
            int n,
            float[] x,
            int xOffset,
            float[] scales,
            int scalesOffset,
            byte[] codes,
            int codesOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            FloatVector s = FloatVector.fromArray(FLOATS, scales, scalesOffset + i);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i).div(s);
            store(codes(v, format, format.max()), codes, codesOffset + i);
        }
        Fp8Kernel.super.quantizeEach(format, n - i, x, xOffset + i, scales, scalesOffset + i, codes, codesOffset + i);
    }

    @Override
    public void dequantize(
            Fp8Format format, int n, float scale, byte[] codes, int codesOffset, float[] out, int outOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            values(codes, codesOffset + i, format).mul(scale).intoArray(out, outOffset + i);
        }
        Fp8Kernel.super.dequantize(format, n - i, scale, codes, codesOffset + i, out, outOffset + i);
    }

    @Override
    public void dequantizeEach(
            Fp8Format format,
            int n,
            byte[] codes,
            int codesOffset,
            float[] scales,
            int scalesOffset,
            float[] out,
            int outOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            FloatVector s = FloatVector.fromArray(FLOATS, scales, scalesOffset + i);
            values(codes, codesOffset + i, format).mul(s).intoArray(out, outOffset + i);
        }
        Fp8Kernel.super.dequantizeEach(
                format, n - i, codes, codesOffset + i, scales, scalesOffset + i, out, outOffset + i);
    }

    @Override
    public void round(Fp8Format format, int n, float scale, float[] x, int xOffset, float[] out, int outOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i).div(scale);
            rounded(v, format).mul(scale).intoArray(out, outOffset + i);
        }
        Fp8Kernel.super.round(format, n - i, scale, x, xOffset + i, out, outOffset + i);
    }

    @Override
    public void roundEach(
            Fp8Format format,
            int n,
            float[] x,
            int xOffset,
            float[] scales,
            int scalesOffset,
            float[] out,
            int outOffset) {
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            FloatVector s = FloatVector.fromArray(FLOATS, scales, scalesOffset + i);
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i).div(s);
            rounded(v, format).mul(s).intoArray(out, outOffset + i);
        }
        Fp8Kernel.super.roundEach(format, n - i, x, xOffset + i, scales, scalesOffset + i, out, outOffset + i);
    }

    /** The value of the code of {@code x}, saturating: adding the unit rounds, taking it away again is exact. */
    private static FloatVector rounded(FloatVector x, Fp8Format format) {
        IntVector bits = x.reinterpretAsInts();
        IntVector abs = bits.and(ABS);
        VectorMask<Integer> nan = abs.compare(VectorOperators.GT, EXPONENT);
        IntVector kept = abs.min(Float.floatToRawIntBits(format.max()));
        FloatVector unit = kept.and(EXPONENT)
                .max((128 - format.bias()) << 23)
                .add((23 - format.mantissaBits()) << 23)
                .reinterpretAsFloats();
        IntVector value = kept.reinterpretAsFloats().add(unit).sub(unit).reinterpretAsInts();
        return value.or(bits.and(~ABS)).blend(bits, nan).reinterpretAsFloats();
    }

    private static IntVector bits(float[] x, int at) {
        return FloatVector.fromArray(FLOATS, x, at).reinterpretAsInts();
    }

    /** The codes of {@code x}, those beyond {@code limit} as that of {@code limit}. */
    private static IntVector codes(FloatVector x, Fp8Format format, float limit) {
        int m = format.mantissaBits();
        IntVector bits = x.reinterpretAsInts();
        IntVector abs = bits.and(ABS);
        VectorMask<Integer> nan = abs.compare(VectorOperators.GT, EXPONENT);
        IntVector kept = abs.min(Float.floatToRawIntBits(limit));
        IntVector exponent = kept.and(EXPONENT).max((128 - format.bias()) << 23);
        IntVector unit = exponent.add((23 - m) << 23);
        IntVector sum =
                kept.reinterpretAsFloats().add(unit.reinterpretAsFloats()).reinterpretAsInts();
        // The smallest normal number is 2^m steps and has code 2^m; each power of two adds as much again.
        IntVector code = sum.sub(unit)
                .add(exponent.lanewise(VectorOperators.LSHR, 23 - m))
                .sub((128 - format.bias()) << m);
        IntVector sign = bits.lanewise(VectorOperators.ASHR, 24).and(0x80);
        return code.blend(0x7F, nan).or(sign);
    }

    /** The low bytes. */
    private static void store(IntVector code, byte[] codes, int at) {
        ((ByteVector) code.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(codes, at);
    }

    /**
     * A code without its sign, moved to where float32 has exponent and mantissa, is the value but for a power of two,
     * subnormals included; what is special gets all exponent bits.
     */
    private static FloatVector values(byte[] codes, int at, Fp8Format format) {
        IntVector code = (IntVector) ByteVector.fromArray(BYTES, codes, at).convertShape(VectorOperators.B2I, INTS, 0);
        IntVector abs = code.and(0x7F);
        VectorMask<Integer> special = abs.compare(VectorOperators.GE, format.firstSpecial());
        float rebias = Float.intBitsToFloat((254 - format.bias()) << 23);
        IntVector value = abs.lanewise(VectorOperators.LSHL, 23 - format.mantissaBits())
                .reinterpretAsFloats()
                .mul(rebias)
                .reinterpretAsInts();
        return value.lanewise(VectorOperators.OR, EXPONENT, special)
                .or(code.and(0x80000000))
                .reinterpretAsFloats();
    }
}
