package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.RowPacking;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rounded operands are what the quantisers make of them and back, bit by bit. */
class Fp8RoundingTest {
    private final SplittableRandom random = new SplittableRandom(8);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            float value = (float) (random.nextGaussian() * Math.exp(3 * random.nextGaussian()));
            // from where the scales of activations and gradients are the same
            x[i] = Math.copySign(Math.max(1e-4f, Math.abs(value)), value);
        }
        return x;
    }

    private static float[] back(Fp8Tiling tiling, Fp8Scale scale, float[] x, int from, int rows, int cols) {
        return new Fp8Quantizer(Fp8Format.E4M3, tiling, scale)
                .quantize(x, from, rows, cols)
                .dequantize()
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,130", "128,128", "200,129", "257,600"})
    void rowsAndColumnsAreTilesOfTheQuantiser(int rows, int cols) {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Rounding.Gradients.TILES);
        float[] x = floats(2 + rows * cols);
        float[] out = new float[3 + rows * cols];
        rounding.activation(rows, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_1X128, Fp8Scale.POWER_OF_TWO, x, 2, rows, cols));
        rounding.gradient(rows, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_1X128, Fp8Scale.FLOAT32, x, 2, rows, cols));
        int[] all = {0, rows};
        rounding.activationColumns(all, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_128X1, Fp8Scale.POWER_OF_TWO, x, 2, rows, cols));
        rounding.gradientColumns(all, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_128X1, Fp8Scale.FLOAT32, x, 2, rows, cols));
        Fp8Rounding blocks = new Fp8Rounding(Fp8Rounding.Gradients.BLOCKS);
        blocks.gradient(rows, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32, x, 2, rows, cols));
        blocks.gradientColumns(all, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32, x, 2, rows, cols));
    }

    /** Experts have their own tiles, and so have the matrices of a weight. */
    @ParameterizedTest
    @CsvSource({"1,70", "5,128", "150,200"})
    void tilesBeginAnewWithEveryGroupAndMatrix(int rows, int cols) {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Rounding.Gradients.TILES);
        float[] x = floats(3 * rows * cols);
        float[] columns = new float[x.length];
        float[] weight = new float[x.length];
        rounding.activationColumns(new int[] {0, rows, rows, 3 * rows}, cols, x, 0, columns, 0);
        rounding.weight(3, rows, cols, x, 0, weight);
        int each = rows * cols;
        assertThat(Arrays.copyOf(columns, each))
                .isEqualTo(back(Fp8Tiling.TILE_128X1, Fp8Scale.POWER_OF_TWO, x, 0, rows, cols));
        assertThat(Arrays.copyOfRange(columns, each, 3 * each))
                .isEqualTo(back(Fp8Tiling.TILE_128X1, Fp8Scale.POWER_OF_TWO, x, each, 2 * rows, cols));
        for (int m = 0; m < 3; m++) {
            assertThat(Arrays.copyOfRange(weight, m * each, (m + 1) * each))
                    .isEqualTo(back(Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32, x, m * each, rows, cols));
        }
    }

    /** What is kept is what y saw, bit by bit, and rounding it again in columns changes normal values no more. */
    @ParameterizedTest
    @CsvSource({"1,1", "3,130", "200,129"})
    void packedRowsAreTheActivationAndLoseNothingByColumns(int rows, int cols) {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Rounding.Gradients.TILES);
        float[] x = new float[rows * cols];
        for (int i = 0; i < x.length; i++) {
            x[i] = (random.nextBoolean() ? 1 : -1) * (float) Math.exp(2 * random.nextDouble());
        }
        float[] y = new float[x.length];
        rounding.activation(rows, cols, x, 0, y, 0);
        RowPacking packing = rounding.packing();
        byte[] codes = new byte[x.length];
        float[] scales = new float[rows * packing.scales(cols)];
        float[] kept = new float[x.length];
        for (int i = 0; i < rows; i++) {
            int s = i * packing.scales(cols);
            packing.pack(cols, x, i * cols, codes, i * cols, scales, s);
            packing.unpack(cols, codes, i * cols, scales, s, kept, i * cols);
        }
        assertThat(kept).isEqualTo(y);
        rounding.activationColumns(new int[] {0, rows}, cols, kept, 0, kept, 0);
        assertThat(kept).isEqualTo(y);
    }

    /** Gradients of large batches are small: their tiles have no least scale. */
    @Test
    void smallGradientsKeepTheirBits() {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Rounding.Gradients.TILES);
        float[] large = floats(130);
        float[] small = new float[130];
        for (int i = 0; i < 130; i++) {
            small[i] = Math.scalb(large[i], -40);
        }
        float[] of = new float[130];
        float[] ofSmall = new float[130];
        rounding.gradient(1, 130, large, 0, of, 0);
        rounding.gradient(1, 130, small, 0, ofSmall, 0);
        for (int i = 0; i < 130; i++) {
            assertThat(ofSmall[i]).isEqualTo(Math.scalb(of[i], -40));
        }
        rounding.gradientColumns(new int[] {0, 1}, 130, new float[130], 0, of, 0);
        assertThat(of).containsOnly(0f);
    }

    @Test
    void countsWhatItRounds() {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Rounding.Gradients.TILES);
        Fp8Statistics statistics = new Fp8Statistics();
        rounding.count(statistics);
        float[] x = new float[3 * 130];
        Arrays.fill(x, 0, 130, 448f);
        x[5] = 1e-6f;
        x[6] = 0f;
        x[130] = Float.POSITIVE_INFINITY;
        x[260] = 3f;
        rounding.sees(3, 130, x, 0);
        Fp8Statistics.Counts seen = statistics.of(Fp8Converter.Kind.ACTIVATION);
        assertThat(seen.elements()).isEqualTo(390);
        assertThat(seen.underflows()).isEqualTo(1);
        // infinity / infinity
        assertThat(seen.overflows()).isEqualTo(128);
        assertThat(statistics.of(Fp8Converter.Kind.GRADIENT).elements()).isZero();
        rounding.count(null);
        rounding.sees(3, 130, x, 0);
        assertThat(statistics.of(Fp8Converter.Kind.ACTIVATION).elements()).isEqualTo(390);
    }

    private static float[] from3(float[] out) {
        return Arrays.copyOfRange(out, 3, out.length);
    }
}
