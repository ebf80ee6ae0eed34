package dev.eva.fp8.vector;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Product;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Lines;
import dev.eva.tensor.kernel.StoredKernel;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * FP8 weights widened, along rows and turned over. A 32-bit lane holds four neighbouring codes. Shifted so that one of
 * them stands at the top, and back with its sign by {@code 1 + mantissa bits}, it is a float32 but for a power of two,
 * subnormal codes included, and no byte is ever moved to another lane. Two codes share the way back, in 16-bit lanes.
 *
 * <p>Codes that are no numbers come out as numbers that way: where there is one the reference does the work.
 */
final class VectorFp8Product implements Fp8Product {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Byte> B = ByteVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    /** Codes of a vector. */
    private static final int LINE = 4 * L;

    private static final int BLOCK = Fp8Blocks.BLOCK;
    private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
    private static final int MAGNITUDES = 0x7F7F7F7F;
    private static final byte MAGNITUDE = 0x7F;
    private static final int E4M3_BACK = 1 + Fp8Format.E4M3.mantissaBits();
    private static final int E5M2_BACK = 1 + Fp8Format.E5M2.mantissaBits();
    private static final StoredKernel STORED = Kernels.find(StoredKernel.class, StoredKernel.REFERENCE);
    /** The words of a vector's worth of rows and a block's columns; the memory of one thread. */
    private static final ThreadLocal<int[]> WORDS = ThreadLocal.withInitial(() -> new int[BLOCK / 4 * L]);

    /** Lane numbers that interleave the lower (upper) halves of two vectors; lanes of the second count from L. */
    private static final FloatVector LOW = interleave(0);

    private static final FloatVector HIGH = interleave(L / 2);

    private static FloatVector interleave(int first) {
        float[] lanes = new float[L];
        for (int i = 0; i < L; i++) {
            lanes[i] = first + i / 2 + i % 2 * L;
        }
        return FloatVector.fromArray(S, lanes, 0);
    }

    /** A block of 128 must be whole vectors. */
    static boolean works() {
        return BLOCK % LINE == 0;
    }

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public void widen(
            Fp8Format format, MemorySegment codes, long first, int n, float scale, float[] out, int outOffset) {
        int back = 1 + format.mantissaBits();
        int mask = mask(format);
        float rebias = rebias(format);
        ByteVector most = ByteVector.zero(B);
        int whole = n / LINE * LINE;
        for (int i = 0; i < whole; i += LINE) {
            IntVector v = IntVector.fromMemorySegment(I, codes, first + i, LE);
            most = most.max(v.and(MAGNITUDES).reinterpretAsBytes());
            FloatVector a = quarter(v, 24, back, mask).mul(rebias).mul(scale);
            FloatVector b = quarter(v, 16, back, mask).mul(rebias).mul(scale);
            FloatVector c = quarter(v, 8, back, mask).mul(rebias).mul(scale);
            FloatVector d = quarter(v, 0, back, mask).mul(rebias).mul(scale);
            FloatVector acLow = LOW.selectFrom(a, c);
            FloatVector acHigh = HIGH.selectFrom(a, c);
            FloatVector bdLow = LOW.selectFrom(b, d);
            FloatVector bdHigh = HIGH.selectFrom(b, d);
            LOW.selectFrom(acLow, bdLow).intoArray(out, outOffset + i);
            HIGH.selectFrom(acLow, bdLow).intoArray(out, outOffset + i + L);
            LOW.selectFrom(acHigh, bdHigh).intoArray(out, outOffset + i + 2 * L);
            HIGH.selectFrom(acHigh, bdHigh).intoArray(out, outOffset + i + 3 * L);
        }
        int from = most.compare(VectorOperators.GE, (byte) format.firstSpecial()).anyTrue() ? 0 : whole;
        Fp8Product.super.widen(format, codes, first + from, n - from, scale, out, outOffset + from);
    }

    @Override
    public void announce(MemorySegment codes, long first, int cols, int count, int length) {
        if (L == 16) {
            Lines.touch(codes, first, cols, count, length);
        }
    }

    /** Words of four codes are turned over, and widened after: one place moves four weights. */
    @Override
    public void turn(
            Fp8Format format, MemorySegment codes, long first, int cols, int count, int length, float scale,
            float[] out, int outOffset, int outRow) {
        int whole = length / 4 * 4;
        float factor = scale * rebias(format);
        int j = 0;
        for (; j + L <= count && factor < Float.POSITIVE_INFINITY; j += L) {
            for (int p = 0; p < whole; p += BLOCK) {
                int words = Math.min(BLOCK, whole - p) / 4;
                int[] turned = WORDS.get();
                STORED.turnWords(codes, first + (long) j * cols + p, cols, L, words, turned, 0);
                if (format == Fp8Format.E4M3) {
                    widenWords(Fp8Format.E4M3, words, turned, scale, out, outOffset + p * outRow + j, outRow);
                } else {
                    widenWords(Fp8Format.E5M2, words, turned, scale, out, outOffset + p * outRow + j, outRow);
                }
            }
        }
        Fp8Product.super.turn(format, codes, first + whole, cols, j, length - whole, scale, out,
                outOffset + whole * outRow, outRow);
        Fp8Product.super.turn(format, codes, first + (long) j * cols, cols, count - j, length, scale, out,
                outOffset + j, outRow);
    }

    /**
     * A word becomes four rows of {@code out}. A code that is subnormal would be a subnormal float32, which costs some
     * processors 150 cycles in a multiplication: words with one, or with a code that is no number, go through a table.
     */
    private static void widenWords(
            Fp8Format format, int words, int[] turned, float scale, float[] out, int outOffset, int outRow) {
        int back = back(format);
        int mask = mask(format);
        byte add = (byte) (128 - format.firstSpecial());
        byte end = (byte) (add + (1 << back - 1));
        float factor = scale * rebias(format);
        for (int q = 0, to = outOffset; q < words; q++, to += 4 * outRow) {
            IntVector v = IntVector.fromArray(I, turned, q * L);
            ByteVector rare = v.reinterpretAsBytes().add(add).and(MAGNITUDE);
            if (rare.compare(VectorOperators.LT, end).anyTrue()) {
                decodeWords(format, turned, q * L, scale, out, to, outRow);
                continue;
            }
            quarter(v, 24, back, mask).mul(factor).intoArray(out, to);
            quarter(v, 16, back, mask).mul(factor).intoArray(out, to + outRow);
            quarter(v, 8, back, mask).mul(factor).intoArray(out, to + 2 * outRow);
            quarter(v, 0, back, mask).mul(factor).intoArray(out, to + 3 * outRow);
        }
    }

    private static void decodeWords(
            Fp8Format format, int[] turned, int at, float scale, float[] out, int outOffset, int outRow) {
        for (int r = 0; r < L; r++) {
            int word = turned[at + r];
            int to = outOffset + r;
            out[to] = format.decode((byte) word) * scale;
            out[to + outRow] = format.decode((byte) (word >> 8)) * scale;
            out[to + 2 * outRow] = format.decode((byte) (word >> 16)) * scale;
            out[to + 3 * outRow] = format.decode((byte) (word >> 24)) * scale;
        }
    }

    /** By how much a code at the top of its lane moves back: constants, so that shifts have their count inside. */
    private static int back(Fp8Format format) {
        return format == Fp8Format.E4M3 ? E4M3_BACK : E5M2_BACK;
    }

    @Override
    public void multiply(
            Fp8Format format, int m, int cols, float[] x, int xOffset, int xRow, MemorySegment codes, float[] scales,
            boolean numbers, int from, int to, float[] y, int yOffset, int yRow) {
        if (numbers && format == Fp8Format.E4M3) {
            Fp8FewRows.multiply(m, cols, x, xOffset, xRow, codes, scales, from, to, y, yOffset, yRow);
        } else {
            Fp8Product.super.multiply(
                    format, m, cols, x, xOffset, xRow, codes, scales, numbers, from, to, y, yOffset, yRow);
        }
    }

    @Override
    public boolean areNumbers(Fp8Format format, MemorySegment codes, long first, long n) {
        ByteVector most = ByteVector.zero(B);
        long whole = n / LINE * LINE;
        for (long i = 0; i < whole; i += LINE) {
            most = most.max(ByteVector.fromMemorySegment(B, codes, first + i, LE).and(MAGNITUDE));
        }
        return !most.compare(VectorOperators.GE, (byte) format.firstSpecial()).anyTrue()
                && Fp8Product.super.areNumbers(format, codes, first + whole, n - whole);
    }

    /** One code of every lane, moved to where float32 has its sign, exponent and mantissa. */
    private static FloatVector quarter(IntVector v, int up, int back, int mask) {
        return v.lanewise(VectorOperators.LSHL, up).lanewise(VectorOperators.ASHR, back).and(mask)
                .reinterpretAsFloats();
    }

    /** Sign, and exponent and mantissa where they then stand. */
    static int mask(Fp8Format format) {
        return 0x80000000 | 0x7F << 23 - format.mantissaBits();
    }

    /** The power of two by which a code then falls short. */
    static float rebias(Fp8Format format) {
        return Float.intBitsToFloat((254 - format.bias()) << 23);
    }

    // spotless:on
}
