package dev.eva.measure.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Way;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every case agrees with the reference on the CPU's kernels, and says so where a result is wrong. */
class CasesTest {
    static Stream<Case> cases() {
        return Stream.concat(
                Stream.of(
                        new GemmCase(Shape.parse("37x19x45")),
                        new GemmCase(Shape.parse("5x33x70_nt")),
                        new StoredCase(StoredCase.Type.F32, 3, 130, 200),
                        new StoredCase(StoredCase.Type.BF16, 3, 130, 200),
                        new StoredCase(StoredCase.Type.FP8, 3, 130, 200),
                        new QuantizeCase(5, 300),
                        new DequantizeCase(130, 300),
                        new AttentionCase(false, 2, 37, 24, 16),
                        new AttentionCase(true, 2, 37, 24, 16),
                        new LatentCase(3, 150, 40, 8),
                        new ExpertsCase(5, 61, 24, 40),
                        new NetworkCase(9, 24, 40)),
                RowCases.names().stream().map(name -> RowCases.of(name, 300 * 512)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theCpusKernelsAgreeWithTheReference(Case c) {
        for (Way way : Way.cpu()) {
            Running running = c.on(way).orElseThrow();
            running.run().run();
            float[] result = running.result().get();
            c.verify(way, result);
            assertThat(c.flops()).isPositive();
            assertThat(c.bytes()).isPositive();
            assertThat(c.name()).matches("[a-z0-9]+([._-][a-z0-9]+)*");
            assertThat(running.transferSeconds().getAsDouble()).isZero();

            for (float wrong : new float[] {result[result.length - 1] + 0.5f, Float.NaN}) {
                float[] broken = result.clone();
                broken[broken.length - 1] = wrong;
                assertThatThrownBy(() -> c.verify(way, broken))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("wrong result")
                        .hasMessageContaining(way.name());
            }
        }
    }

    @Test
    void rowsOfALargeProductAreSpreadAndHoldTheLast() {
        GemmCase large = new GemmCase(Shape.parse("600x512x512"));
        Running running = large.on(Way.cpu().getFirst()).orElseThrow();
        running.run().run();
        float[] result = running.result().get();
        for (int row : new int[] {0, 599}) {
            float[] broken = result.clone();
            Arrays.fill(broken, row * 512, (row + 1) * 512, 0f);
            assertThatThrownBy(() -> large.verify(Way.REFERENCE, broken)).hasMessageContaining("wrong result");
        }
    }

    @Test
    void aSizeThatDoesNotFitRowsIsAnError() {
        assertThatThrownBy(() -> RowCases.of("softmax", 300)).hasMessageContaining("multiple of 512");
        assertThatThrownBy(() -> RowCases.of("hardmax", 512)).hasMessageContaining("softmax");
        assertThat(List.copyOf(RowCases.names())).doesNotHaveDuplicates();
    }
}
