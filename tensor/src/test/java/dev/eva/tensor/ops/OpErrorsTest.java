package dev.eva.tensor.ops;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.PreparedWeight;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Impossible inputs are one line that names the op and both shapes. */
class OpErrorsTest {
    static Stream<Arguments> errorsOfProducts() {
        return Stream.of(
                error(() -> Add.add(zeros(2, 3), zeros(3, 2)), "add: shapes differ: a (2, 3), b (3, 2)"),
                error(() -> Mul.mul(zeros(2), zeros(3)), "mul: shapes differ: a (2), b (3)"),
                error(
                        () -> MatMul.matmul(zeros(4, 7), zeros(5, 7)),
                        "matmul: inner dimensions differ: a (4, 7), b (5, 7); need a.dim(-1) == b.dim(-2);"
                                + " b transposed would fit"),
                error(() -> MatMul.matmul(zeros(4), zeros(4, 2)), "matmul: need two matrices: a (4), b (4, 2)"),
                error(() -> Linear.linear(zeros(2, 3), weight(5, 4)), "linear: input (2, 3), weight (5, 4)"),
                error(() -> Linear.linear(zeros(2, 3), weight(2, 5, 3)), "linear: input (2, 3), weight (2, 5, 3)"),
                error(() -> Linear.linear(zeros(2, 3), weight(5, 3), zeros(4)), "linear: bias (4), weight (5, 3)"),
                error(
                        () -> GroupedLinear.groupedLinear(zeros(4, 3), weight(2, 5, 3), new int[] {0, 4}),
                        "groupedLinear: starts [0, 4] for 2 groups of input (4, 3)"),
                error(
                        () -> GroupedLinear.groupedLinear(zeros(4, 3), weight(2, 5, 3), new int[] {0, 3, 5}),
                        "groupedLinear: starts [0, 3, 5]"),
                error(
                        () -> GroupedLinear.groupedLinear(zeros(4, 3), weight(3, 5, 3), new int[] {0, 3, 2, 4}),
                        "groupedLinear: starts [0, 3, 2, 4]"),
                error(
                        () -> GroupedLinear.groupedLinear(zeros(4, 2), weight(1, 5, 3), new int[] {0, 4}),
                        "groupedLinear: input (4, 2), weight (1, 5, 3)"));
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                error(() -> RmsNorm.rmsNorm(zeros(2, 3), zeros(4), 1e-6f), "rmsNorm: input (2, 3), weight (4)"),
                error(() -> SwiGlu.swiGlu(zeros(2, 3)), "swiGlu: input (2, 3) has an odd number of columns"),
                error(() -> Reshape.reshape(zeros(2, 3), 4), "reshape: sizes differ: input (2, 3), requested (4)"),
                error(() -> Narrow.narrow(zeros(2, 3), 2, 2), "narrow: columns [2, 4) of input (2, 3)"),
                error(() -> Narrow.narrow(zeros(2, 3), -1, 2), "narrow: columns [-1, 1) of input (2, 3)"),
                error(() -> Mean.mean(zeros(0, 3)), "mean: input (0, 3) has no elements"),
                error(
                        () -> Embedding.embedding(IntTensor.of(new int[] {0, 3}, 2), zeros(3, 2)),
                        "embedding: row 3 at index 1; the matrix is (3, 2)"),
                error(() -> GatherRows.gatherRows(zeros(3, 2), new int[] {-1}), "gatherRows: row -1 at index 0"),
                error(
                        () -> CrossEntropy.crossEntropy(zeros(2, 3), IntTensor.of(new int[3], 3)),
                        "crossEntropy: logits (2, 3), targets (3)"),
                error(
                        () -> CrossEntropy.crossEntropy(zeros(2, 3), IntTensor.of(new int[] {0, 3}, 2)),
                        "crossEntropy: target 3 at index 1; need less than 3"),
                error(
                        () -> CrossEntropy.crossEntropy(zeros(2, 3), IntTensor.of(new int[] {-1, -1}, 2)),
                        "crossEntropy: all 2 targets are negative"),
                error(() -> new PreparedWeight(zeros(3)), "weight: shape (3)"));
    }

    @ParameterizedTest
    @MethodSource({"errorsOfProducts", "errors"})
    void namesWhatIsWrong(Executable op, String message) {
        assertThatThrownBy(op::execute)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    private static Arguments error(Executable op, String message) {
        return Arguments.of(op, message);
    }

    private static Tensor zeros(int... dims) {
        return Tensor.zeros(dims);
    }

    private static PreparedWeight weight(int... dims) {
        return new PreparedWeight(zeros(dims));
    }
}
