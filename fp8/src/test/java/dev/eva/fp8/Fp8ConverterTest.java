package dev.eva.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.fp8.Fp8Converter.Kind;
import dev.eva.tensor.Tensor;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Fp8ConverterTest {
    /** With three bits of mantissa the error is uniform in a step: 31 to 32 dB, whatever the size of the data. */
    @ParameterizedTest
    @ValueSource(floats = {0.1f, 1f, 10f, 100f})
    void normalDataKeepThirtyOneDecibelsInE4m3(float size) {
        Tensor x = Tensor.randn(new SplittableRandom(1), 0, size, 100, 100);
        Fp8Converter converter = Fp8Converter.e4m3();
        Fp8Quality quality = Fp8Converter.quality(x, converter.updateAndConvert(Kind.ACTIVATION, x));
        assertThat(quality.snrDb()).isBetween(31.0, 32.5);
        assertThat(quality.meanRelativeError()).isBetween(0.015, 0.035);
        assertThat(quality.correlation()).isBetween(0.999, 0.99999);
        assertThat(quality.maxAbsError()).isBetween(0.05 * size, 0.3 * size);
        assertThat(converter.statistics(Kind.ACTIVATION).overflows()).isZero();
    }

    @Test
    void e5m2LosesSixDecibels() {
        Tensor x = Tensor.randn(new SplittableRandom(2), 0, 1, 100, 100);
        Fp8Converter converter = new Fp8Converter(Fp8Format.E4M3, Fp8Format.E5M2, Fp8Format.E4M3);
        double fine = Fp8Converter.quality(x, converter.updateAndConvert(Kind.WEIGHT, x)).snrDb();
        double coarse = Fp8Converter.quality(x, converter.updateAndConvert(Kind.GRADIENT, x)).snrDb();
        assertThat(fine - coarse).isBetween(5.5, 6.5);
        assertThat(converter.format(Kind.GRADIENT)).isEqualTo(Fp8Format.E5M2);
    }

    @Test
    void eachKindHasItsScaleAndCounters() {
        Fp8Converter converter = Fp8Converter.e4m3();
        assertThat(converter.scale(Kind.WEIGHT)).isEqualTo(1f);
        assertThat(converter.update(Kind.WEIGHT, Tensor.of(new float[] {1, -896}, 1, 2))).isEqualTo(2f);
        assertThat(converter.scale(Kind.ACTIVATION)).isEqualTo(1f);
        Fp8Matrix weight = converter.convert(Kind.WEIGHT, Tensor.of(new float[] {896, 1000, -64, 2000}, 2, 2));
        assertThat(weight.dequantize().toArray()).containsExactly(896, 896, -64, 896);
        converter.convert(Kind.WEIGHT, Tensor.zeros(3, 2));
        Fp8Converter.Statistics counted = converter.statistics(Kind.WEIGHT);
        assertThat(counted).isEqualTo(new Fp8Converter.Statistics(2, 10, 2));
        assertThat(counted.overflowRate()).isEqualTo(0.2, within(1e-12));
        assertThat(converter.statistics(Kind.GRADIENT).overflowRate()).isZero();
        converter.reset();
        assertThat(converter.statistics(Kind.WEIGHT).conversions()).isZero();
        assertThat(converter.scale(Kind.WEIGHT)).isEqualTo(1f);
    }

    @Test
    void refusesAScaleFromDataThatAreNotFinite() {
        Fp8Converter converter = Fp8Converter.e4m3();
        assertThatThrownBy(() -> converter.update(Kind.GRADIENT, Tensor.of(new float[] {1, Float.NaN}, 1, 2)))
                .hasMessageContaining("largest absolute value of GRADIENT (1, 2) is NaN");
        assertThat(converter.scale(Kind.GRADIENT)).isEqualTo(1f);
        assertThatThrownBy(() -> converter.convert(Kind.GRADIENT, Tensor.zeros(4)))
                .hasMessageContaining("need two dimensions");
    }

    @Test
    void qualityByHand() {
        Fp8Quality quality = Fp8Quality.of(new float[] {1, 2, 0, -4}, new float[] {1, 1, 0, -4});
        assertThat(quality.maxAbsError()).isEqualTo(1);
        assertThat(quality.meanRelativeError()).isEqualTo(0.5 / 3, within(1e-12));
        assertThat(quality.snrDb()).isEqualTo(10 * Math.log10(21), within(1e-12));
        assertThat(Fp8Quality.of(new float[] {1, 2}, new float[] {1, 2}).snrDb()).isInfinite();
        assertThat(Fp8Quality.of(new float[] {1, 2, 3}, new float[] {2, 4, 6}).correlation())
                .isEqualTo(1, within(1e-12));
        assertThatThrownBy(() -> Fp8Quality.of(new float[2], new float[3])).hasMessageContaining("2 values and 3");
    }
}
