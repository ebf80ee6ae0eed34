package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class Fp8QuantizerTest {
    @ParameterizedTest
    @CsvSource({"1,1", "3,128", "128,3", "128,128", "129,257", "300,520", "5,1100"})
    void followsTheDefinition(int rows, int cols) {
        float[] x = values(rows * cols + 7, rows * 1000L + cols);
        for (Fp8Format format : Fp8Format.values()) {
            for (Fp8Tiling tiling : Fp8Tiling.values()) {
                for (Fp8Scale scale : Fp8Scale.values()) {
                    Fp8Matrix actual = new Fp8Quantizer(format, tiling, scale).quantize(x, 7, rows, cols);
                    check(x, actual, scale);
                }
            }
        }
    }

    /** Codes, scales and the way back, by the definition alone. */
    private static void check(float[] x, Fp8Matrix actual, Fp8Scale rounding) {
        int rows = actual.rows();
        int cols = actual.cols();
        boolean tensor = actual.tiling() == Fp8Tiling.TENSOR;
        int height = tensor ? rows : actual.tiling() == Fp8Tiling.TILE_1X128 ? 1 : 128;
        int width = tensor ? cols : actual.tiling() == Fp8Tiling.TILE_128X1 ? 1 : 128;
        float[] amax = new float[((rows + height - 1) / height) * ((cols + width - 1) / width)];
        int gridCols = (cols + width - 1) / width;
        for (int i = 0; i < rows * cols; i++) {
            int tile = i / cols / height * gridCols + i % cols / width;
            amax[tile] = Math.max(amax[tile], Math.abs(x[7 + i]));
        }
        assertThat(actual.scales()).hasSameSizeAs(amax);
        float[] back = actual.dequantize().toArray();
        for (int i = 0; i < rows * cols; i++) {
            int tile = i / cols / height * gridCols + i % cols / width;
            float scale = Math.max(amax[tile], 1e-4f) / actual.format().max();
            if (rounding == Fp8Scale.POWER_OF_TWO) {
                scale = (float) Math.pow(2, Math.ceil(Math.log(scale) / Math.log(2) - 1e-9));
            }
            byte code = actual.format().encode(x[7 + i] / scale);
            if (actual.codes()[i] != code || back[i] != actual.format().decode(code) * scale) {
                assertThat(actual.scale(i / cols, i % cols)).isEqualTo(scale);
                assertThat(actual.codes()[i]).as("%s, element %d", actual.tiling(), i).isEqualTo(code);
                assertThat(back[i]).isEqualTo(actual.format().decode(code) * scale);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotDependOnTheNumberOfThreads(Fp8Tiling tiling) {
        float[] x = values(700 * 1300, 3);
        Fp8Quantizer quantizer = new Fp8Quantizer(Fp8Format.E4M3, tiling, Fp8Scale.FLOAT32);
        int threads = Parallel.threads();
        try {
            Parallel.setThreads(1);
            Fp8Matrix one = quantizer.quantize(x, 0, 700, 1300);
            byte[] oneByChance = quantizer.quantizeStochastic(x, 0, 700, 1300, 42).codes();
            Parallel.setThreads(3);
            Fp8Matrix three = quantizer.quantize(x, 0, 700, 1300);
            assertThat(three.codes()).isEqualTo(one.codes());
            assertThat(three.scales()).isEqualTo(one.scales());
            assertThat(three.dequantize().toArray()).isEqualTo(one.dequantize().toArray());
            assertThat(quantizer.quantizeStochastic(x, 0, 700, 1300, 42).codes()).isEqualTo(oneByChance);
        } finally {
            Parallel.setThreads(threads);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotFiniteIsSeen(Fp8Tiling tiling) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (Fp8Scale scale : Fp8Scale.values()) {
                float[] x = values(150 * 200, 8);
                x[170 * 100 + 3] = bad;
                float[] back = new Fp8Quantizer(Fp8Format.E4M3, tiling, scale)
                        .quantize(x, 0, 150, 200)
                        .dequantize()
                        .toArray();
                assertThat(back[170 * 100 + 3]).as("%s", bad).isNaN();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void stochasticRoundingIsRightOnAverage(Fp8Format format) {
        Fp8Quantizer quantizer = new Fp8Quantizer(format, Fp8Tiling.TENSOR, Fp8Scale.POWER_OF_TWO);
        float step = (float) Math.scalb(1.0, -format.mantissaBits());
        float small = (float) Math.scalb(1.0, 1 - format.bias() - format.mantissaBits());
        // The largest value fixes the scale at 1; then a normal and a subnormal value, between two codes.
        float[] x = {format.max(), 1 + 0.3f * step, -(1 + 0.3f * step), 2.7f * small, 0f};
        double[] sum = new double[x.length];
        int seeds = 20_000;
        for (int seed = 0; seed < seeds; seed++) {
            float[] back = quantizer.quantizeStochastic(x, 0, 1, x.length, seed).dequantize().toArray();
            assertThat(back[1]).isIn(1f, 1 + step);
            assertThat(back[3]).isIn(2 * small, 3 * small);
            for (int i = 0; i < x.length; i++) {
                sum[i] += back[i];
            }
        }
        // Five standard deviations of a mean of coins.
        double bound = 5 * 0.46 / Math.sqrt(seeds);
        assertThat(sum[0] / seeds).isEqualTo(format.max());
        assertThat(sum[1] / seeds - x[1]).isBetween(-bound * step, bound * step);
        assertThat(sum[2] / seeds - x[2]).isBetween(-bound * step, bound * step);
        assertThat(sum[3] / seeds - x[3]).isBetween(-bound * small, bound * small);
        assertThat(sum[4]).isZero();
    }

    @Test
    void stochasticRoundingKeepsWhatIsExact() {
        for (Fp8Format format : Fp8Format.values()) {
            SplittableRandom random = new SplittableRandom(1);
            for (int code = 0; code < 256; code++) {
                if ((code & 0x7F) < format.firstSpecial()) {
                    float v = format.decode((byte) code);
                    assertThat(format.encodeStochastic(v, random.nextInt())).isEqualTo((byte) code);
                }
            }
            assertThat(format.decode(format.encodeStochastic(1e30f, -1))).isEqualTo(format.max());
            assertThat(format.decode(format.encodeStochastic(Float.NaN, -1))).isNaN();
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        Fp8Quantizer quantizer = new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, Fp8Scale.FLOAT32);
        assertThatThrownBy(() -> quantizer.quantize(Tensor.zeros(2, 3, 4)))
                .hasMessageContaining("quantize: shape (2, 3, 4); need two dimensions");
        Fp8Matrix other = Fp8Matrix.zeros(Fp8Format.E5M2, Fp8Tiling.TENSOR, 2, 2);
        assertThatThrownBy(() -> quantizer.quantize(new float[4], 0, other))
                .hasMessageContaining("E5M2, TENSOR; need E4M3, TILE_1X128");
        assertThatThrownBy(() -> new Fp8Matrix(
                        Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, 129, 3, new byte[387], new float[1]))
                .hasMessageContaining("1 scales for (129, 3)")
                .hasMessageContaining("need (2, 1)");
        assertThatThrownBy(() ->
                        new Fp8Matrix(Fp8Format.E4M3, Fp8Tiling.TENSOR, 2, 3, new byte[5], new float[1]))
                .hasMessageContaining("(2, 3) with 5 codes");
    }

    /** Numbers whose size changes from tile to tile, with zeros and tiny ones. */
    private static float[] values(int n, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            double size = Math.scalb(1.0, i / 97 % 23 - 14);
            x[i] = i % 11 == 0 ? 0 : (float) (random.nextGaussian() * size);
        }
        return x;
    }
}
