package dev.eva.fp8.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Scale;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Vector kernels against the scalar reference. */
class VectorFp8Test {
    private static final int CHUNK = 1 << 16;
    private static final Fp8Kernel REFERENCE = Fp8Kernel.REFERENCE;

    private final VectorFp8 vector = new VectorFp8();
    private final float[] x = new float[CHUNK];
    private final byte[] expected = new byte[CHUNK];
    private final byte[] actual = new byte[CHUNK];
    private final float[] rounded = new float[CHUNK];

    @BeforeEach
    void vectorsOfEightFloats() {
        assumeThat(VectorFp8.works()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void encodesASampleOfAllBitPatterns(Fp8Format format) {
        SplittableRandom random = new SplittableRandom(5);
        for (int chunk = 0; chunk < 64; chunk++) {
            for (int i = 0; i < CHUNK; i++) {
                x[i] = Float.intBitsToFloat(random.nextInt());
            }
            compare(format);
        }
    }

    /** Exponents of the format and a little around it, where a random pattern seldom falls. */
    @ParameterizedTest
    @EnumSource
    void encodesTheRangeOfTheFormat(Fp8Format format) {
        SplittableRandom random = new SplittableRandom(6);
        int low = (127 - format.bias() - format.mantissaBits() - 4) << 23;
        int high = (127 + format.bias() + 4) << 23;
        for (int chunk = 0; chunk < 32; chunk++) {
            for (int i = 0; i < CHUNK; i++) {
                x[i] = Float.intBitsToFloat(random.nextInt(low, high) | (i & 1) << 31);
            }
            compare(format);
        }
    }

    @ParameterizedTest
    @EnumSource
    void encodesEveryBoundary(Fp8Format format) {
        List<Float> all = new ArrayList<>(List.of(
                0f,
                Float.MIN_VALUE,
                Float.MIN_NORMAL,
                Float.MAX_VALUE,
                Float.POSITIVE_INFINITY,
                Float.NaN,
                464f,
                480f,
                61440f,
                65536f));
        all.add(Float.intBitsToFloat(0x7F800001));
        all.add(Float.intBitsToFloat(0x7FFFFFFF));
        for (int code = 0; code + 1 < format.firstSpecial(); code++) {
            float low = format.decode((byte) code);
            all.add(low);
            all.add((low + format.decode((byte) (code + 1))) / 2);
        }
        int n = 0;
        for (float v : all) {
            for (float w : new float[] {Math.nextDown(v), v, Math.nextUp(v)}) {
                x[n++] = w;
                x[n++] = -w;
            }
        }
        compare(format);
    }

    /** Tiles of any size, between them one whose scale is 1, with all boundaries, and some that are not finite. */
    @ParameterizedTest
    @EnumSource
    void quantisesTilesToTheBitsOfTheReference(Fp8Format format) {
        SplittableRandom random = new SplittableRandom(7);
        int n = 40 * 128 + 77;
        for (int i = 0; i < n; i++) {
            x[i] = (float) (random.nextGaussian() * Math.exp(random.nextDouble(-12, 0) + i / 128 * 4 - 80));
        }
        x[130] = Float.NaN;
        x[300] = Float.NEGATIVE_INFINITY;
        x[500] = Float.MAX_VALUE;
        Arrays.fill(x, 5 * 128, 6 * 128, 0f);
        for (int code = 0; code + 1 < format.firstSpecial(); code++) {
            float low = format.decode((byte) code);
            float tie = (low + format.decode((byte) (code + 1))) / 2;
            int at = (6 + code / 24) * 128;
            x[at] = format.max();
            for (float v : new float[] {low, Math.nextDown(tie), tie, Math.nextUp(tie), -tie}) {
                x[++at + code % 24 * 5] = v;
            }
        }
        for (Fp8Scale scale : Fp8Scale.values()) {
            float[][] scales = new float[2][43];
            REFERENCE.quantizeTiles(format, scale, n, x, 0, scales[0], 1, expected, 0);
            vector.quantizeTiles(format, scale, n, x, 0, scales[1], 1, actual, 0);
            assertThat(scales[1]).isEqualTo(scales[0]);
            for (int i = 0; i < n; i++) {
                assertThat(actual[i]).as("%s, %d: %s", scale, i, x[i]).isEqualTo(expected[i]);
            }
        }
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource
    void encodesEveryBitPattern(Fp8Format format) {
        for (long bits = 0; bits < 1L << 32; bits += CHUNK) {
            for (int i = 0; i < CHUNK; i++) {
                x[i] = Float.intBitsToFloat((int) (bits + i));
            }
            compare(format);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 15, 16, 17, 31, 33, 64, 100, 128, 131})
    void agreesAtAnySizeAndOffset(int n) {
        SplittableRandom random = new SplittableRandom(n);
        float[] values = new float[n + 3];
        float[] scales = new float[n + 5];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) random.nextDouble(1e-3, 1e-1);
        }
        for (Fp8Format format : Fp8Format.values()) {
            byte[][] codes = new byte[4][n + 2];
            REFERENCE.quantize(format, n, 0.037f, values, 3, codes[0], 2);
            vector.quantize(format, n, 0.037f, values, 3, codes[1], 2);
            assertThat(codes[1]).isEqualTo(codes[0]);
            REFERENCE.quantizeEach(format, n, values, 3, scales, 5, codes[2], 1);
            vector.quantizeEach(format, n, values, 3, scales, 5, codes[3], 1);
            assertThat(codes[3]).isEqualTo(codes[2]);
            float[][] out = new float[4][n + 4];
            REFERENCE.dequantize(format, n, 0.037f, codes[0], 2, out[0], 4);
            vector.dequantize(format, n, 0.037f, codes[0], 2, out[1], 4);
            assertThat(out[1]).isEqualTo(out[0]);
            REFERENCE.dequantizeEach(format, n, codes[2], 1, scales, 5, out[2], 3);
            vector.dequantizeEach(format, n, codes[2], 1, scales, 5, out[3], 3);
            assertThat(out[3]).isEqualTo(out[2]);
            float[] rounded = new float[n + 4];
            vector.round(format, n, 0.037f, values, 3, rounded, 4);
            assertThat(rounded).isEqualTo(out[0]);
            vector.roundEach(format, n, values, 3, scales, 5, out[3], 3);
            REFERENCE.roundEach(format, n, values, 3, scales, 5, out[1], 3);
            assertThat(Arrays.copyOfRange(out[3], 3, n + 3))
                    .isEqualTo(Arrays.copyOfRange(out[2], 3, n + 3))
                    .isEqualTo(Arrays.copyOfRange(out[1], 3, n + 3));
        }
        assertThat(vector.amax(n, values, 3)).isEqualTo(REFERENCE.amax(n, values, 3));
        float[] expectedAmax = scales.clone();
        float[] actualAmax = scales.clone();
        REFERENCE.amaxEach(n, values, 3, expectedAmax, 4);
        vector.amaxEach(n, values, 3, actualAmax, 4);
        assertThat(actualAmax).isEqualTo(expectedAmax);
    }

    @ParameterizedTest
    @EnumSource
    void decodesAllCodes(Fp8Format format) {
        byte[] codes = new byte[256];
        for (int i = 0; i < 256; i++) {
            codes[i] = (byte) i;
        }
        float[] out = new float[256];
        for (float scale : new float[] {1f, 0.37f, 0x1p-126f, Float.POSITIVE_INFINITY, Float.NaN}) {
            vector.dequantize(format, 256, scale, codes, 0, out, 0);
            for (int i = 0; i < 256; i++) {
                float value = format.decode((byte) i) * scale;
                assertThat(Float.compare(out[i], value)).as("code %d", i).isZero();
            }
        }
    }

    @Test
    void notANumberIsTheLargest() {
        for (int at = 0; at < 67; at++) {
            float[] values = new float[67];
            values[3] = Float.NEGATIVE_INFINITY;
            assertThat(vector.amax(67, values, 0)).isEqualTo(Float.POSITIVE_INFINITY);
            values[at] = Float.NaN;
            assertThat(vector.amax(67, values, 0)).isNaN();
            float[] amax = new float[67];
            vector.amaxEach(67, values, 0, amax, 0);
            assertThat(amax[at]).isNaN();
            vector.amaxEach(67, new float[67], 0, amax, 0);
            assertThat(amax[at]).isNaN();
        }
    }

    private void compare(Fp8Format format) {
        for (boolean saturate : new boolean[] {true, false}) {
            REFERENCE.encode(format, saturate, CHUNK, x, 0, expected, 0);
            vector.encode(format, saturate, CHUNK, x, 0, actual, 0);
            for (int i = 0; i < CHUNK; i++) {
                if (expected[i] != actual[i]) {
                    assertThat(actual[i])
                            .as("%s (%a), saturate %b", x[i], x[i], saturate)
                            .isEqualTo(expected[i]);
                }
            }
            if (saturate) {
                vector.round(format, CHUNK, 1f, x, 0, rounded, 0);
                for (int i = 0; i < CHUNK; i++) {
                    float value = format.decode(expected[i]);
                    if (Float.floatToIntBits(rounded[i]) != Float.floatToIntBits(value)) {
                        assertThat(rounded[i]).as("%s (%a)", x[i], x[i]).isEqualTo(value);
                    }
                }
            }
        }
    }
}
