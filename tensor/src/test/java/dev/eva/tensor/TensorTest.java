package dev.eva.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TensorTest {
    @Test
    void viewsAndSlicesShareTheArray() {
        Tensor t = Tensor.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2);
        Tensor s = t.slice(1, 3);
        assertThat(s.shape()).isEqualTo(Shape.of(2, 2));
        assertThat(s.toArray()).containsExactly(2, 3, 4, 5);
        s.view(Shape.of(4)).fill(9f);
        assertThat(t.toArray()).containsExactly(0, 1, 9, 9, 9, 9);
        assertThat(t.slice(3, 3).size()).isZero();
        assertThatThrownBy(() -> t.slice(2, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> t.view(Shape.of(5)))
                .hasMessageContaining("(3, 2)")
                .hasMessageContaining("(5)");
    }

    @Test
    void copiesShareNothing() {
        Tensor t = Tensor.full(2f, 2, 2);
        Tensor copy = t.slice(0, 1).copy();
        t.fill(3f);
        assertThat(copy.toArray()).containsExactly(2, 2);
    }

    @Test
    void elementsAreCheckedAgainstTheViewNotTheArray() {
        Tensor s = Tensor.of(new float[] {0, 1, 2, 3}, 4).slice(1, 3);
        assertThat(s.get(1)).isEqualTo(2f);
        assertThatThrownBy(() -> s.get(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(s::item).hasMessageContaining("(2)");
        assertThatThrownBy(() -> Tensor.of(new float[3], 2, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void randnRepeatsWithItsSeedAndHasItsMoments() {
        Tensor a = Tensor.randn(new SplittableRandom(1), 2f, 3f, 100, 100);
        Tensor b = Tensor.randn(new SplittableRandom(1), 2f, 3f, 100, 100);
        assertThat(a.toArray()).containsExactly(b.toArray());
        double mean = 0;
        double squares = 0;
        for (float v : a.toArray()) {
            mean += v / 1e4;
            squares += (v - 2) * (v - 2) / 1e4;
        }
        assertThat(mean).isBetween(1.9, 2.1);
        assertThat(Math.sqrt(squares)).isBetween(2.9, 3.1);
    }

    @Test
    void writesThroughTheTensorAreCounted() {
        Tensor t = Tensor.zeros(2);
        int before = t.version();
        t.fill(1f);
        t.set(Tensor.full(2f, 2));
        t.markWritten();
        assertThat(t.version()).isEqualTo(before + 3);
        assertThatThrownBy(() -> t.set(Tensor.zeros(3)))
                .hasMessageContaining("(2)")
                .hasMessageContaining("(3)");
    }

    @Test
    void aClearedGradientIsOverwrittenByWhoAsksForItsFactor() {
        Tensor t = Tensor.zeros(2);
        assertThat(t.gradBeta()).isEqualTo(1f);
        t.gradOrZeros().fill(3f);
        t.zeroGrad();
        assertThat(t.gradBeta()).isZero();
        assertThat(t.gradBeta()).isEqualTo(1f);
        t.zeroGrad();
        assertThat(t.gradOrZeros().toArray()).containsOnly(0f);
        assertThat(t.gradBeta()).isEqualTo(1f);
    }

    @Test
    void zeroGradKeepsTheMemory() {
        Tensor t = Tensor.zeros(2).requiresGrad(true);
        assertThat(t.grad()).isNull();
        t.zeroGrad();
        Tensor grad = t.gradOrZeros();
        grad.fill(4f);
        t.zeroGrad();
        assertThat(t.grad()).isSameAs(grad);
        assertThat(grad.toArray()).containsExactly(0, 0);
    }
}
