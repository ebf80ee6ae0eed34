package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Products with FP8 weights: the kernels in use against the scalar reference and sums in float64. */
class Fp8WeightTest {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final Fp8Product PRODUCT = Kernels.find(Fp8Product.class, Fp8Product.REFERENCE);

    private final SplittableRandom random = new SplittableRandom(9);

    private Fp8Weight weight(Fp8Format format, int rows, int cols) {
        MemorySegment codes =
                Arena.ofAuto().allocate((long) rows * cols + 1, 64).asSlice(1);
        for (long i = 0; i < (long) rows * cols; i++) {
            byte code = (byte) random.nextInt(256);
            boolean number = Float.isFinite(format.decode(code));
            codes.set(ValueLayout.JAVA_BYTE, i, number ? code : 0);
        }
        float[] scales = new float[Fp8Blocks.blocks(rows) * Fp8Blocks.blocks(cols)];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) Math.exp(random.nextGaussian());
        }
        return new Fp8Weight(format, codes, scales, rows, cols);
    }

    private float[] floats(int n, float size) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = size * (float) random.nextGaussian();
        }
        return x;
    }

    /** Every code of a ragged matrix is multiplied with the scale of its block. */
    @ParameterizedTest
    @EnumSource
    void widensEveryCodeWithTheScaleOfItsBlock(Fp8Format format) {
        for (int[] size : new int[][] {{1, 1}, {128, 128}, {129, 127}, {192, 128}, {300, 520}, {5, 257}}) {
            Fp8Weight w = weight(format, size[0], size[1]);
            float[] row = new float[w.cols()];
            for (int i = 0; i < w.rows(); i++) {
                w.widen(i, 0, row.length, row, 0);
                for (int j = 0; j < row.length; j++) {
                    byte code = w.codes().get(ValueLayout.JAVA_BYTE, (long) i * w.cols() + j);
                    float scale = w.scales()[i / 128 * ((w.cols() + 127) / 128) + j / 128];
                    assertThat(row[j]).isEqualTo(format.decode(code) * scale);
                }
            }
        }
    }

    /** Strips at odd places, with codes that are no numbers, and a scale that a power of two would take to infinity. */
    @ParameterizedTest
    @EnumSource
    void turnsAStripOverToTheBitsOfTheReference(Fp8Format format) {
        Fp8Weight w = weight(format, 150, 300);
        w.codes().set(ValueLayout.JAVA_BYTE, 20 * 300 + 130, (byte) 0xFF);
        w.codes().set(ValueLayout.JAVA_BYTE, 140 * 300 + 2, (byte) 0x7F);
        w.scales()[4] = 1e20f;
        float[] row = new float[300];
        for (int[] strip : new int[][] {{0, 150, 0, 300}, {3, 64, 1, 299}, {100, 50, 120, 37}, {149, 1, 299, 1}}) {
            int outRow = strip[1] + 1;
            float[] out = new float[2 + strip[3] * outRow];
            w.turn(strip[0], strip[1], strip[2], strip[3], out, 2, outRow);
            for (int j = 0; j < strip[1]; j++) {
                w.widen(strip[0] + j, strip[2], strip[3], row, 0);
                for (int p = 0; p < strip[3]; p++) {
                    int bits = Float.floatToIntBits(out[2 + p * outRow + j]);
                    assertThat(bits).isEqualTo(Float.floatToIntBits(row[p]));
                    assertThat(out[2 + p * outRow + strip[1]]).isZero();
                }
            }
        }
    }

    private static float[] product(int m, float[] x, Fp8Weight w) {
        float[] y = new float[m * w.rows()];
        GEMM.multiply(m, x, 0, w.cols(), 1, GEMM.prepare(w), null, 0, 0f, y, 0, w.rows());
        return y;
    }

    private static void check(int m, float[] x, Fp8Weight w, float[] y) {
        float[] row = new float[w.cols()];
        for (int j = 0; j < w.rows(); j++) {
            w.widen(j, 0, row.length, row, 0);
            for (int i = 0; i < m; i++) {
                double sum = 0;
                double size = 0;
                for (int p = 0; p < row.length; p++) {
                    sum += (double) x[i * row.length + p] * row[p];
                    size += Math.abs((double) x[i * row.length + p] * row[p]);
                }
                float actual = y[i * w.rows() + j];
                if (Double.isFinite(sum)) {
                    assertThat((double) actual).isCloseTo(sum, Offset.offset(Math.max(size * 1e-6, 1e-30)));
                } else {
                    assertThat(actual).isNaN();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Fp8Format.class)
    void agreesWithSumsInFloat64(Fp8Format format) {
        int[][] sizes = {
            {1, 1, 1},
            {1, 6, 127},
            {1, 130, 128},
            {2, 129, 300},
            {3, 7, 64},
            {4, 131, 257},
            {9, 20, 640},
            {16, 260, 192},
            {40, 150, 450}
        };
        for (int[] size : sizes) {
            Fp8Weight w = weight(format, size[1], size[2]);
            float[] x = floats(size[0] * size[2], 1f);
            check(size[0], x, w, product(size[0], x, w));
        }
    }

    /** Scaled by half of the power of two, such inputs would leave the range of float32. */
    @Test
    void takesInputsOfAnySize() {
        Fp8Weight w = weight(Fp8Format.E4M3, 9, 200);
        for (float size : new float[] {1e-30f, 1e-17f, 1e15f, 1e20f, 1e30f, 0f}) {
            float[] x = floats(200, size);
            check(1, x, w, product(1, x, w));
        }
    }

    @ParameterizedTest
    @EnumSource(Fp8Format.class)
    void codesThatAreNoNumbersShow(Fp8Format format) {
        for (int at : new int[] {0, 77, 130, 199}) {
            Fp8Weight w = weight(format, 9, 200);
            w.codes().set(ValueLayout.JAVA_BYTE, 5 * 200 + at, (byte) 0xFF);
            float[] x = floats(20 * 200, 1f);
            float[] out = new float[200];
            w.widen(5, 0, 200, out, 0);
            assertThat(out[at]).isNaN();
            check(1, x, w, product(1, x, w));
            check(5, x, w, product(5, x, w));
            check(20, x, w, product(20, x, w));
        }
    }

    /** A code that is no number changes the elements of its row, and no bit of the rows in other blocks. */
    @Test
    void blocksWithoutSuchCodesKeepTheirBits() {
        int cols = 200;
        float[] x = floats(3 * cols, 1f);
        Fp8Weight w = weight(Fp8Format.E4M3, 300, cols);
        for (int m : new int[] {1, 2, 3}) {
            Fp8Weight fresh = new Fp8Weight(w.format(), w.codes(), w.scales(), 300, cols);
            float[] before = product(m, x, fresh);
            MemorySegment codes = Arena.ofAuto().allocate(300 * cols).copyFrom(w.codes().asSlice(0, 300 * cols));
            codes.set(ValueLayout.JAVA_BYTE, 140 * cols + 7, (byte) 0x7F);
            float[] after = product(m, x, new Fp8Weight(w.format(), codes, w.scales(), 300, cols));
            for (int i = 0; i < m; i++) {
                assertThat(after[i * 300 + 140]).isNaN();
                for (int j = 0; j < 300; j++) {
                    if (j < 128 || j >= 256) {
                        assertThat(after[i * 300 + j]).isEqualTo(before[i * 300 + j]);
                    }
                }
            }
        }
    }

    /** Parts of the rows, however they are cut: one row of x reads four rows of the weight at once, two read two. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 8})
    void anyCutOfTheRowsHasTheSameBits(int m) {
        int cols = 1100;
        int rows = 270;
        Fp8Weight w = weight(Fp8Format.E4M3, rows, cols);
        float[] x = floats(m * cols, 1f);
        float[] whole = new float[m * rows];
        w.multiply(m, x, 0, cols, 0, rows, whole, 0, rows);
        check(m, x, w, whole);
        for (int part : new int[] {1, 2, 3, 5, 31, 64, 100, 130}) {
            float[] cut = new float[m * rows];
            for (int from = 0; from < rows; from += part) {
                w.multiply(m, x, 0, cols, from, Math.min(rows, from + part), cut, 0, rows);
            }
            assertThat(cut).as("parts of " + part).isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @EnumSource(Fp8Format.class)
    void codesThatAreNoNumbersAreFound(Fp8Format format) {
        MemorySegment codes = Arena.ofAuto().allocate(300);
        for (int n : new int[] {0, 1, 31, 32, 33, 64, 130, 290}) {
            for (int code = 0; code < 256; code++) {
                codes.fill((byte) (random.nextInt(format.firstSpecial()) | random.nextInt(2) << 7));
                // Beside the part that is looked through, where it does not count.
                codes.set(ValueLayout.JAVA_BYTE, 2, (byte) 0x7F);
                codes.set(ValueLayout.JAVA_BYTE, 3 + n, (byte) 0xFF);
                assertThat(PRODUCT.areNumbers(format, codes, 3, n)).isTrue();
                if (n > 0) {
                    codes.set(ValueLayout.JAVA_BYTE, 3 + random.nextInt(n), (byte) code);
                    assertThat(PRODUCT.areNumbers(format, codes, 3, n))
                            .isEqualTo((code & 0x7F) < format.firstSpecial());
                }
            }
        }
    }

    /** Every loop for few rows, over more columns than one strip has and a block of five rows at the end. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5, 6, 7, 9, 15, 16})
    void fewRowsHaveTheBitsOfOne(int m) {
        int cols = 1300;
        Fp8Weight w = weight(Fp8Format.E4M3, 133, cols);
        float[] x = floats(m * cols, 1f);
        float[] all = product(m, x, w);
        check(m, x, w, all);
        for (int i = 0; i < m; i++) {
            float[] alone = product(1, Arrays.copyOfRange(x, i * cols, (i + 1) * cols), w);
            assertThat(Arrays.copyOfRange(all, i * 133, (i + 1) * 133)).isEqualTo(alone);
        }
    }

    @ParameterizedTest
    @EnumSource(Fp8Format.class)
    void widensToTheBitsOfTheReference(Fp8Format format) {
        MemorySegment codes = Arena.ofAuto().allocate(1000);
        for (int i = 0; i < 1000; i++) {
            codes.set(ValueLayout.JAVA_BYTE, i, (byte) (i % 7 == 0 ? i % 3 : random.nextInt(0x7C)));
        }
        for (int n : new int[] {0, 1, 63, 64, 65, 500}) {
            float[] out = new float[n + 2];
            float[] reference = new float[n + 2];
            PRODUCT.widen(format, codes, 3, n, 0.37f, out, 1);
            Fp8Product.REFERENCE.widen(format, codes, 3, n, 0.37f, reference, 1);
            assertThat(out).isEqualTo(reference);
        }
    }

    @Test
    void scalesMustFit() {
        MemorySegment codes = Arena.ofAuto().allocate(200 * 130);
        assertThatThrownBy(() -> new Fp8Weight(Fp8Format.E4M3, codes, new float[3], 200, 130))
                .hasMessage("fp8 weight: 3 scales for (200, 130); need (2, 2)");
    }
}
