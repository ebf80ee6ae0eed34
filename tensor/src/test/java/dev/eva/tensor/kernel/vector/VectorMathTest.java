package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class VectorMathTest {
    private static final float SMALLEST_NORMAL_LOG = -87.33654f;

    @Test
    void expIsWithinTwoUlpOfTheExactValue() {
        double worst = 0;
        for (float x = SMALLEST_NORMAL_LOG; x < 88.72f; x += 0.000731f) {
            double exact = Math.exp(x);
            worst = Math.max(worst, Math.abs(VectorMath.exp(x) - exact) / Math.ulp((float) exact));
        }
        assertThat(worst).isLessThanOrEqualTo(2.0);
    }

    @Test
    void expAtTheEnds() {
        assertThat(VectorMath.exp(0f)).isEqualTo(1f);
        assertThat(VectorMath.exp(-88f)).isZero();
        assertThat(VectorMath.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(VectorMath.exp(88.722f)).isFinite();
        assertThat(VectorMath.exp(88.73f)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(VectorMath.exp(Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(VectorMath.exp(Float.NaN)).isNaN();
    }

    @Test
    void vectorAndScalarExpAgreeToTheBit() {
        float[] special = {
            0f,
            -0f,
            1e-30f,
            -87.33654f,
            -87.4f,
            88.72f,
            88.73f,
            Float.NaN,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY
        };
        float[] x = new float[64_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = i < special.length ? special[i] : -100f + 200f * i / x.length;
        }
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i += VectorMath.LANES) {
            VectorMath.exp(FloatVector.fromArray(VectorMath.SPECIES, x, i)).intoArray(y, i);
        }
        for (int i = 0; i < x.length; i++) {
            assertThat(Float.floatToIntBits(y[i]))
                    .as("exp(%s)", x[i])
                    .isEqualTo(Float.floatToIntBits(VectorMath.exp(x[i])));
        }
    }

    @Test
    void expOfLowHasTheBitsOfExp() {
        float[] x = new float[64_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = -100f + 188f * i / x.length;
        }
        x[0] = Float.NaN;
        x[1] = Float.NEGATIVE_INFINITY;
        x[2] = SMALLEST_NORMAL_LOG;
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i += VectorMath.LANES) {
            VectorMath.expOfLow(FloatVector.fromArray(VectorMath.SPECIES, x, i)).intoArray(y, i);
        }
        for (int i = 0; i < x.length; i++) {
            assertThat(Float.floatToIntBits(y[i]))
                    .as("exp(%s)", x[i])
                    .isEqualTo(Float.floatToIntBits(VectorMath.exp(x[i])));
        }
    }
}
