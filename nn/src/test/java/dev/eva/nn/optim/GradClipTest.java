package dev.eva.nn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.nn.Parameter;
import dev.eva.nn.Parameter.Role;
import dev.eva.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradClipTest {
    private final Parameter a = Parameter.matrix("a", Tensor.zeros(1, 2), Role.MATRIX);
    private final Parameter b = Parameter.norm("b", Tensor.zeros(1));
    private final Parameter none = Parameter.norm("none", Tensor.zeros(3));

    @Test
    void aLargeGradientIsScaledToTheBound() {
        set(3, 4, 12);
        assertThat(GradClip.clip(List.of(a, b, none), 6.5f)).isEqualTo(13);
        assertThat(a.value().grad().get(0)).isCloseTo(1.5f, within(1e-6f));
        assertThat(a.value().grad().get(1)).isCloseTo(2f, within(1e-6f));
        assertThat(b.value().grad().get(0)).isCloseTo(6f, within(1e-6f));
        assertThat(none.value().grad()).isNull();
    }

    @Test
    void aSmallGradientStaysAsItIs() {
        set(3, 4, 12);
        assertThat(GradClip.clip(List.of(a, b), 13.5f)).isEqualTo(13);
        assertThat(a.value().grad().get(1)).isEqualTo(4f);
    }

    @Test
    void theEpsilonActsAtTheBoundItself() {
        set(3, 4, 12);
        GradClip.clip(List.of(a, b), 13f);
        assertThat(b.value().grad().get(0)).isLessThan(12f).isCloseTo(12f, within(3e-6f));
    }

    @Test
    void anInfiniteOrUndefinedGradientIsToldAndLeftAlone() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            set(3, bad, 12);
            assertThat(GradClip.clip(List.of(a, b), 1f)).matches(norm -> !Double.isFinite(norm));
            assertThat(b.value().grad().get(0)).isEqualTo(12f);
        }
    }

    @Test
    void hugeGradientsDoNotOverflow() {
        set(3e38f, 0, 3e38f);
        assertThat(GradClip.clip(List.of(a, b), 1f)).isCloseTo(3e38 * Math.sqrt(2), within(1e32));
        assertThat(b.value().grad().get(0)).isCloseTo((float) Math.sqrt(0.5), within(1e-6f));
    }

    private void set(float a0, float a1, float b0) {
        a.value().gradOrZeros().set(Tensor.of(new float[] {a0, a1}, 1, 2));
        b.value().gradOrZeros().set(Tensor.of(new float[] {b0}, 1));
    }
}
