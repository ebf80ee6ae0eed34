package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.fp8.Fp8Converter;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.masterclass.Fp8Experiment.ErrorCurve;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Fp8ExperimentTest {
    @Test
    void codePointsAscendToTheLargest() {
        for (Fp8Format format : Fp8Format.values()) {
            double[] points = Fp8Experiment.codePoints(format);
            assertThat(points).isSorted().doesNotHaveDuplicates();
            assertThat(points[points.length - 1]).isEqualTo(format.max());
        }
        assertThat(Fp8Experiment.codePoints(Fp8Format.E4M3)).hasSize(126);
        assertThat(Fp8Experiment.codePoints(Fp8Format.E5M2)).hasSize(123);
    }

    @ParameterizedTest
    @ValueSource(floats = {0.1f, 10f, 100f})
    void theScaleTakesTheMagnitudeOut(float std) {
        double snr = Fp8Experiment.converted(
                        Fp8Converter.Kind.ACTIVATION, Fp8Converter.e4m3(), std, new SplittableRandom(1))
                .snrDb();
        assertThat(snr).isBetween(31.0, 32.0);
    }

    @Test
    void aFormatLosesAllBelowAndKeepsOneErrorInside() {
        ErrorCurve curve = Fp8Experiment.formatErrors(Fp8Format.E4M3, -16, 8);
        assertThat(curve.error()[0]).isEqualTo(100);
        double[] normal = Arrays.copyOfRange(curve.error(), 10, 24);
        assertThat(Arrays.stream(normal).boxed()).allMatch(e -> e > 1 && e < 3);
    }

    @Test
    void fineScalesSaveTheSmallValues() {
        Tensor x = Fp8Experiment.uneven(new SplittableRandom(1));
        double[] small = new double[3];
        Fp8Tiling[] tilings = {Fp8Tiling.TENSOR, Fp8Tiling.BLOCK_128X128, Fp8Tiling.TILE_1X128};
        for (int i = 0; i < tilings.length; i++) {
            small[i] = Fp8Experiment.tileErrors(tilings[i], x, -13, -12).error()[0];
        }
        assertThat(small[0]).isGreaterThan(99);
        assertThat(small[1]).isBetween(2.0, 10.0);
        assertThat(small[2]).isBetween(1.5, 2.6);
    }

    @Test
    void theProductOfCodesIsCloseToThatOfValues() {
        Gemm gemm = Kernels.find(Gemm.class, Gemm.REFERENCE);
        for (int rows : new int[] {1, 40}) {
            var r = new ProductExperiment(gemm, rows, 72, 256, new SplittableRandom(1)).run(1);
            assertThat(r.difference()).isBetween(1e-6, 1e-3);
            assertThat(r.f32Bytes()).isEqualTo(4L * 72 * 256);
            assertThat(r.fp8Bytes()).isEqualTo(72L * 256 + 4 * 2);
        }
    }
}
