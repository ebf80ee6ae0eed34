package dev.eva.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void sizesCountFromBothEnds() {
        Shape s = Shape.of(2, 3, 5);
        assertThat(s.size()).isEqualTo(30);
        assertThat(s.rank()).isEqualTo(3);
        assertThat(s.rows()).isEqualTo(6);
        assertThat(s.dim(0)).isEqualTo(2);
        assertThat(s.dim(-1)).isEqualTo(5);
        assertThat(s.dim(-3)).isEqualTo(2);
        assertThatThrownBy(() -> s.dim(3)).hasMessageContaining("dimension 3 of (2, 3, 5)");
        assertThatThrownBy(() -> s.dim(-4)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aScalarHasOneElementAndNoLastDimension() {
        assertThat(Shape.of().size()).isEqualTo(1);
        assertThat(Shape.of()).hasToString("()");
        assertThatThrownBy(() -> Shape.of().withLast(2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isAValueThatNobodyCanChange() {
        int[] dims = {2, 3};
        Shape s = Shape.of(dims);
        dims[0] = 9;
        s.dims()[1] = 9;
        assertThat(s)
                .isEqualTo(Shape.of(2, 3))
                .hasSameHashCodeAs(Shape.of(2, 3))
                .hasToString("(2, 3)");
        assertThat(s.withLast(7)).isEqualTo(Shape.of(2, 7));
        assertThat(s).isNotEqualTo(Shape.of(3, 2));
    }

    @Test
    void emptyIsAllowedNegativeAndHugeAreNot() {
        assertThat(Shape.of(0, 5).size()).isZero();
        assertThatThrownBy(() -> Shape.of(2, -1))
                .hasMessageContaining("negative")
                .hasMessageContaining("[2, -1]");
        assertThatThrownBy(() -> Shape.of(1 << 16, 1 << 15)).hasMessageContaining("too many elements");
        assertThatThrownBy(() -> Shape.of(1 << 31 - 1, 1 << 30, 1 << 30)).hasMessageContaining("too many elements");
    }

    @Test
    void shapesThatAreHandedOutAgainAreTheRightOnes() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 20_000; i++) {
            int a = random.nextInt(40);
            int b = random.nextInt(40);
            int c = random.nextInt(4);
            assertThat(Shape.of(a).dims()).containsExactly(a);
            assertThat(Shape.of(a, b).dims()).containsExactly(a, b);
            assertThat(Shape.of(a, b, c).dims()).containsExactly(a, b, c);
            assertThat(Shape.of(a, b).withLast(c).dims()).containsExactly(a, c);
            assertThat(Shape.of(a, b, c).withFirst(b).dims()).containsExactly(b, b, c);
            assertThat(Shape.of(a, b, c).size()).isEqualTo(a * b * c);
        }
        assertThat(Shape.of(3, 5)).isSameAs(Shape.of(3, 7).withLast(5));
        assertThat(Shape.of().rank()).isZero();
    }
}
