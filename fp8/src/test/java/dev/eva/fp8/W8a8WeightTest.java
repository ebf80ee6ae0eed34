package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.StackedMatrix;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of FP8 codes with FP8 codes, against sums of the codes in float64. */
class W8a8WeightTest {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    private final SplittableRandom random = new SplittableRandom(4);

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) (random.nextGaussian() * Math.exp(2 * random.nextGaussian()));
        }
        return x;
    }

    private static double term(Fp8Matrix x, int i, Fp8Matrix w, int j, int p) {
        double qx = Fp8Format.E4M3.decode(x.codes()[i * x.cols() + p]);
        double qw = Fp8Format.E4M3.decode(w.codes()[j * w.cols() + p]);
        return qx * qw * x.scale(i, p) * w.scale(j, p);
    }

    private static void check(float actual, Fp8Matrix x, int i, Fp8Matrix w, int j) {
        double sum = 0;
        double size = 0;
        for (int p = 0; p < x.cols(); p++) {
            sum += term(x, i, w, j, p);
            size += Math.abs(term(x, i, w, j, p));
        }
        assertThat((double) actual).isCloseTo(sum, Offset.offset(2e-6 * size));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,5,128", "3,130,129", "16,64,300", "40,200,270"})
    void inputsAreRoundedInTilesOf128(int m, int n, int k) {
        Fp8Matrix w = new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32)
                .quantize(floats(n * k), 0, n, k);
        float[] x = floats(m * (k + 3));
        float[] packed = new float[m * k];
        for (int i = 0; i < m; i++) {
            System.arraycopy(x, 2 + i * (k + 3), packed, i * k, k);
        }
        Fp8Weight stored = new Fp8Weight(Fp8Format.E4M3, MemorySegment.ofArray(w.codes()), w.scales(), n, k);
        for (Fp8Scale scale : Fp8Scale.values()) {
            Fp8Matrix qx = new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, scale).quantize(packed, 0, m, k);
            W8a8Weight weight = new W8a8Weight(stored, scale);
            for (Gemm gemm : List.of(GEMM, Gemm.REFERENCE)) {
                float[] y = new float[m * 2 * n];
                Gemm.Prepared b = gemm.prepare(new StackedMatrix(List.of(weight, weight)));
                gemm.multiply(m, x, 2, k + 3, 1, b, null, 0, 0f, y, 0, 2 * n);
                for (int i = 0; i < m; i++) {
                    for (int j = 0; j < 2 * n; j++) {
                        check(y[i * 2 * n + j], qx, i, w, j % n);
                    }
                }
            }
        }
    }
}
