package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.LatentAttention;
import dev.eva.tensor.testing.TensorAssert;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorLatentAttentionTest {
    private static final LatentAttention VECTOR = new VectorLatentAttention();
    private static final int PAD = 3;

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 2",
        "3, 9, 5, 2",
        "4, 8, 32, 4",
        "5, 17, 33, 8",
        "16, 64, 288, 32",
        "17, 13, 47, 6",
        "35, 7, 100, 2",
        "8, 256, 40, 8",
        "128, 3, 512, 64"
    })
    void followsTheReference(int n, int l, int r, int p) {
        SplittableRandom random = new SplittableRandom(n * 1000L + l);
        float[] q = random(random, PAD + n * (r + p));
        float[] cache = random(random, PAD + l * (r + p));
        float scale = (float) (2 / Math.sqrt(r + p));
        float[][] expected = scan(LatentAttention.REFERENCE, n, l, r, p, scale, q, cache);
        float[][] actual = scan(VECTOR, n, l, r, p, scale, q, cache);
        for (int i = 0; i < 2; i++) {
            TensorAssert.assertClose(i == 0 ? "z" : "stats", actual[i], doubles(expected[i]), 2e-5, 2e-5);
        }
    }

    @Test
    void aRowHasTheSameScoreInATileAndOutsideOne() {
        int n = 5;
        int r = 20;
        int p = 4;
        float[] q = random(new SplittableRandom(1), PAD + n * (r + p));
        float[] row = random(new SplittableRandom(2), r + p);
        float[] cache = new float[PAD + 19 * (r + p)];
        for (int j = 0; j < 19; j++) {
            System.arraycopy(row, 0, cache, PAD + j * (r + p), r + p);
        }
        float[][] many = scan(VECTOR, n, 19, r, p, 0.3f, q, cache);
        float[][] one = scan(VECTOR, n, 1, r, p, 0.3f, q, cache);
        for (int h = 0; h < n; h++) {
            assertThat(many[1][PAD + 2 * h]).isEqualTo(one[1][PAD + 2 * h]);
            // Equal scores to the bit: every weight is exp(0) = 1.
            assertThat(many[1][PAD + 2 * h + 1]).isEqualTo(19f);
        }
    }

    private static float[][] scan(
            LatentAttention kernel, int n, int l, int r, int p, float scale, float[] q, float[] cache) {
        float[] scratch = new float[PAD + kernel.scratch(n, l, r, p)];
        Arrays.fill(scratch, Float.NaN);
        float[] z = new float[2 * PAD + n * r];
        float[] stats = new float[2 * PAD + 2 * n];
        kernel.scan(n, l, r, p, scale, q, PAD, cache, PAD, scratch, PAD, z, PAD, stats, PAD);
        return new float[][] {z, stats};
    }

    private static float[] random(SplittableRandom random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static double[] doubles(float[] x) {
        double[] y = new double[x.length];
        Arrays.setAll(y, i -> x[i]);
        return y;
    }
}
