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
 *
 * <p>Loops whose method is called once for each format have its bits as constants when they are inlined there: a shift
 * by a count that is no constant takes two instructions.
 */
final class VectorFp8 implements Fp8Kernel {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    /** As many bytes as there are floats in a vector; there is no shape of less than 64 bits. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * Byte.SIZE)));

    private static final Fp8Format E4M3 = Fp8Format.E4M3;
    private static final Fp8Format E5M2 = Fp8Format.E5M2;
    private static final int E4M3_BITS = E4M3.mantissaBits();
    private static final int E5M2_BITS = E5M2.mantissaBits();
    private static final int BLOCK = Fp8Blocks.BLOCK;
    private static final int ABS = 0x7FFFFFFF;
    private static final int EXPONENT = 0x7F800000;
    /** A code without its sign. */
    private static final int MAGNITUDE = 0x7F;

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

    /**
     * While a tile is divided, the largest value of the next one is found: its loads are under way early. The scale of
     * a finite tile leaves no value beyond the format.
     */
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
        for (int end = n - BLOCK; from <= end; from += BLOCK, t++) {
            int next = xOffset + Math.min(from + BLOCK, end);
            scales[t] = rounding.of(amax, format);
            if (amax < Float.POSITIVE_INFINITY) {
                amax = format == E4M3
                        ? quantizeAndLookAhead(E4M3, scales[t], x, xOffset + from, next, codes, codesOffset + from)
                        : quantizeAndLookAhead(E5M2, scales[t], x, xOffset + from, next, codes, codesOffset + from);
            } else {
                quantize(format, BLOCK, scales[t], x, xOffset + from, codes, codesOffset + from);
                amax = amax(BLOCK, x, next);
            }
        }
        Fp8Kernel.super.quantizeTiles(
                format, rounding, n - from, x, xOffset + from, scales, t, codes, codesOffset + from);
    }

    /** Quantises a tile of finite numbers, and returns the largest absolute value of the one at {@code next}. */
    private static float quantizeAndLookAhead(
            Fp8Format format, float scale, float[] x, int xOffset, int next, byte[] codes, int codesOffset) {
        IntVector amax = IntVector.zero(INTS);
        for (int i = 0; i < BLOCK; i += LANES) {
            amax = amax.max(bits(x, next + i).and(ABS));
            IntVector v = FloatVector.fromArray(FLOATS, x, xOffset + i).div(scale).reinterpretAsInts();
            store(magnitudes(v.and(ABS), format).or(sign(v)), codes, codesOffset + i);
        }
        return Float.intBitsToFloat(amax.reduceLanes(VectorOperators.MAX));
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
        boolean numbers = format == E4M3
                ? numbers(E4M3, n, scale, codes, codesOffset, out, outOffset)
                : numbers(E5M2, n, scale, codes, codesOffset, out, outOffset);
        int from = numbers ? FLOATS.loopBound(n) : 0;
        Fp8Kernel.super.dequantize(format, n - from, scale, codes, codesOffset + from, out, outOffset + from);
    }

    /** Decodes whole vectors; false if a code among them is special. */
    private static boolean numbers(
            Fp8Format format, int n, float scale, byte[] codes, int codesOffset, float[] out, int outOffset) {
        float rebias = VectorFp8Product.rebias(format);
        IntVector most = IntVector.zero(INTS);
        for (int i = 0, end = FLOATS.loopBound(n); i < end; i += LANES) {
            IntVector code = load(codes, codesOffset + i);
            most = most.max(code.and(MAGNITUDE));
            number(code, format).mul(rebias).mul(scale).intoArray(out, outOffset + i);
        }
        return most.reduceLanes(VectorOperators.MAX) < format.firstSpecial();
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
        float rebias = VectorFp8Product.rebias(format);
        IntVector most = IntVector.zero(INTS);
        int i = 0;
        for (int end = FLOATS.loopBound(n); i < end; i += LANES) {
            FloatVector s = FloatVector.fromArray(FLOATS, scales, scalesOffset + i);
            IntVector code = load(codes, codesOffset + i);
            most = most.max(code.and(MAGNITUDE));
            number(code, format).mul(rebias).mul(s).intoArray(out, outOffset + i);
        }
        int from = most.reduceLanes(VectorOperators.MAX) < format.firstSpecial() ? i : 0;
        Fp8Kernel.super.dequantizeEach(
                format, n - from, codes, codesOffset + from, scales, scalesOffset + from, out, outOffset + from);
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

    /** In their low bytes the codes of {@code x}, those beyond {@code limit} as that of {@code limit}. */
    private static IntVector codes(FloatVector x, Fp8Format format, float limit) {
        IntVector bits = x.reinterpretAsInts();
        IntVector abs = bits.and(ABS);
        VectorMask<Integer> nan = abs.compare(VectorOperators.GT, EXPONENT);
        return magnitudes(abs.min(Float.floatToRawIntBits(limit)), format)
                .blend(0x7F, nan)
                .or(sign(bits));
    }

    /**
     * In their low bytes the codes without sign of numbers that are positive and not beyond the format. A power of two
     * p, at least the smallest normal one, is added {@code 2^(23 - m)} times: the sum ends with the number of steps by
     * which the value exceeds zero, rounded. The smallest normal number is {@code 2^m} steps and has code {@code 2^m};
     * each power of two adds as much again, and what its exponent field counts too many is in {@link #factor}.
     */
    private static IntVector magnitudes(IntVector abs, Fp8Format format) {
        IntVector exponent = abs.and(EXPONENT).max((128 - format.bias()) << 23);
        FloatVector sum = exponent.reinterpretAsFloats()
                .fma(FloatVector.broadcast(FLOATS, factor(format)), abs.reinterpretAsFloats());
        return sum.reinterpretAsInts().add(exponent.lanewise(VectorOperators.LSHR, 23 - mantissaBits(format)));
    }

    private static int mantissaBits(Fp8Format format) {
        return format == E4M3 ? E4M3_BITS : E5M2_BITS;
    }

    /** {@code 2^(23 - m)}, and {@code 2^-m} for each that a code is short of modulo 256. */
    private static float factor(Fp8Format format) {
        int m = format.mantissaBits();
        return (1 << 23 - m) + (-(128 - format.bias() << m) & 0xFF) * Math.scalb(1f, -m);
    }

    private static IntVector sign(IntVector bits) {
        return bits.lanewise(VectorOperators.LSHR, 24).and(0x80);
    }

    /** The low bytes. */
    private static void store(IntVector code, byte[] codes, int at) {
        ((ByteVector) code.convertShape(VectorOperators.I2B, BYTES, 0)).intoArray(codes, at);
    }

    private static IntVector load(byte[] codes, int at) {
        return (IntVector) ByteVector.fromArray(BYTES, codes, at).convertShape(VectorOperators.B2I, INTS, 0);
    }

    /**
     * Codes moved to where float32 has sign, exponent and mantissa: the values but for a power of two, subnormals
     * included. What is special comes out as a number: the loops watch the largest magnitude, and leave all to the
     * reference where there is such a code.
     */
    private static FloatVector number(IntVector code, Fp8Format format) {
        return code.lanewise(VectorOperators.LSHL, 23 - mantissaBits(format))
                .and(VectorFp8Product.mask(format))
                .reinterpretAsFloats();
    }
}
