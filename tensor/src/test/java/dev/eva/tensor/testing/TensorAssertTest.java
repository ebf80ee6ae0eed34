package dev.eva.tensor.testing;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The tools of other tests must be able to fail. */
class TensorAssertTest {
    @Test
    void namesTheWorstElementAndBothValues() {
        assertThatThrownBy(() -> TensorAssert.assertClose(
                        "y", Tensor.of(new float[] {1f, 2.5f, 3.1f}, 3), new double[] {1, 2, 3}, 0.01, 0))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("y (3): 2 of 3 elements differ; worst at index 1: actual 2.5, expected 2.0");
    }

    @Test
    void toleranceIsAbsolutePlusRelative() {
        float[] actual = {101f};
        double[] expected = {100};
        assertThatCode(() -> TensorAssert.assertClose("y", actual, expected, 0.5, 0.005))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> TensorAssert.assertClose("y", actual, expected, 0.49, 0.005))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void whatIsNoNumberEqualsOnlyItself() {
        double nan = Double.NaN;
        double inf = Double.POSITIVE_INFINITY;
        assertThatCode(() -> TensorAssert.assertClose(
                        "y", new float[] {Float.NaN, Float.POSITIVE_INFINITY}, new double[] {nan, inf}, 0, 0))
                .doesNotThrowAnyException();
        double[][] wrong = {{1, nan}, {nan, 1}, {inf, nan}, {inf, -inf}, {inf, 1e38}};
        for (double[] pair : wrong) {
            assertThatThrownBy(() -> TensorAssert.assertClose(
                            "y", new float[] {(float) pair[0]}, new double[] {pair[1]}, 1e9, 1))
                    .isInstanceOf(AssertionError.class);
        }
        assertThatThrownBy(() -> TensorAssert.assertClose("y", new float[1], new double[2], 1, 1))
                .hasMessageContaining("1 elements, expected 2");
    }

    @Test
    void bitsTellZeroFromMinusZero() {
        assertThatThrownBy(() -> TensorAssert.assertSameBits("y", new float[] {0f}, new float[] {-0f}))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("index 0");
    }

    /** x^2 with a gradient that is off by {@code error}. */
    private record Square(float error) implements Op {
        static Tensor square(Tensor x, float error) {
            return Tape.apply(new Square(error), x);
        }

        @Override
        public Tensor forward(Ctx ctx, Tensor... in) {
            Tensor y = ctx.empty(in[0].shape());
            for (int i = 0; i < y.size(); i++) {
                y.array()[i] = in[0].get(i) * in[0].get(i);
            }
            return y;
        }

        @Override
        public Tensor[] backward(Ctx ctx, Tensor dOut) {
            Tensor dX = ctx.empty(dOut.shape());
            for (int i = 0; i < dX.size(); i++) {
                dX.array()[i] = dOut.get(i) * (2 * ctx.input(0).get(i) + error);
            }
            return new Tensor[] {dX};
        }
    }

    @Test
    void gradCheckFindsAWrongGradientWithAndWithoutAnOracle() {
        OpCase.Oracle oracle = x -> Arrays.stream(x[0]).map(v -> v * v).toArray();
        Shape s = Shape.of(3, 5);
        OpCheck.check(OpCase.of("right", Square.class, x -> Square.square(x[0], 0f), oracle, s));
        OpCheck.check(OpCase.withoutOracle("right", Square.class, x -> Square.square(x[0], 0f), s));
        assertThatThrownBy(() ->
                        OpCheck.check(OpCase.of("wrong", Square.class, x -> Square.square(x[0], 1e-3f), oracle, s)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("wrong: gradient of input 0 (3, 5)");
        assertThatThrownBy(() ->
                        OpCheck.check(OpCase.withoutOracle("wrong", Square.class, x -> Square.square(x[0], 0.3f), s)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("wrong: gradient of input 0 (3, 5)");
    }

    @Test
    void forwardIsComparedWithTheOracle() {
        assertThatThrownBy(() -> OpCheck.check(OpCase.of(
                        "cube",
                        Square.class,
                        x -> Square.square(x[0], 0f),
                        x -> Arrays.stream(x[0]).map(v -> v * v * v).toArray(),
                        Shape.of(4))))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("cube: output (4)");
    }
}
