package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rounded operands are what the quantisers make of them and back, bit by bit. */
class Fp8RoundingTest {
    private final SplittableRandom random = new SplittableRandom(8);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) (random.nextGaussian() * Math.exp(3 * random.nextGaussian()));
        }
        return x;
    }

    private static float[] back(Fp8Tiling tiling, float[] x, int from, int rows, int cols) {
        return new Fp8Quantizer(Fp8Format.E4M3, tiling, Fp8Scale.FLOAT32)
                .quantize(x, from, rows, cols)
                .dequantize()
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"1,1", "3,130", "128,128", "200,129", "257,600"})
    void rowsAndColumnsAreTilesOfTheQuantiser(int rows, int cols) {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Scale.FLOAT32, Fp8Rounding.Gradients.TILES);
        float[] x = floats(2 + rows * cols);
        float[] out = new float[3 + rows * cols];
        rounding.activation(rows, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_1X128, x, 2, rows, cols));
        rounding.gradient(rows, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_1X128, x, 2, rows, cols));
        int[] all = {0, rows};
        rounding.activationColumns(all, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_128X1, x, 2, rows, cols));
        rounding.gradientColumns(all, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.TILE_128X1, x, 2, rows, cols));
        Fp8Rounding blocks = new Fp8Rounding(Fp8Scale.FLOAT32, Fp8Rounding.Gradients.BLOCKS);
        blocks.gradient(rows, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.BLOCK_128X128, x, 2, rows, cols));
        blocks.gradientColumns(all, cols, x, 2, out, 3);
        assertThat(from3(out)).isEqualTo(back(Fp8Tiling.BLOCK_128X128, x, 2, rows, cols));
    }

    /** Experts have their own tiles, and so have the matrices of a weight. */
    @ParameterizedTest
    @CsvSource({"1,70", "5,128", "150,200"})
    void tilesBeginAnewWithEveryGroupAndMatrix(int rows, int cols) {
        Fp8Rounding rounding = new Fp8Rounding(Fp8Scale.FLOAT32, Fp8Rounding.Gradients.TILES);
        float[] x = floats(3 * rows * cols);
        float[] columns = new float[x.length];
        float[] weight = new float[x.length];
        rounding.activationColumns(new int[] {0, rows, rows, 3 * rows}, cols, x, 0, columns, 0);
        rounding.weight(3, rows, cols, x, 0, weight);
        int each = rows * cols;
        assertThat(Arrays.copyOf(columns, each)).isEqualTo(back(Fp8Tiling.TILE_128X1, x, 0, rows, cols));
        assertThat(Arrays.copyOfRange(columns, each, 3 * each))
                .isEqualTo(back(Fp8Tiling.TILE_128X1, x, each, 2 * rows, cols));
        for (int m = 0; m < 3; m++) {
            assertThat(Arrays.copyOfRange(weight, m * each, (m + 1) * each))
                    .isEqualTo(back(Fp8Tiling.BLOCK_128X128, x, m * each, rows, cols));
        }
    }

    private static float[] from3(float[] out) {
        return Arrays.copyOfRange(out, 3, out.length);
    }
}
