package dev.eva.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.nn.init.Init;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LayersTest {
    @Test
    void linearMultipliesByTheTransposedWeight() {
        Linear linear = new Linear(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
        Tensor y = linear.forward(Tensor.of(new float[] {1, 10, -1, 1}, 2, 2));
        assertThat(y.shape().dims()).containsExactly(2, 3);
        assertThat(y.toArray()).containsExactly(21, 43, 65, 1, 1, 1);
    }

    @Test
    void linearSeesAWrittenWeight() {
        Tensor w = Tensor.of(new float[] {1, 2}, 1, 2);
        Linear linear = new Linear(w);
        Tensor x = Tensor.of(new float[] {1, 1}, 1, 2);
        assertThat(linear.forward(x).item()).isEqualTo(3f);
        int before = linear.version();
        w.fill(5f);
        assertThat(linear.version()).isNotEqualTo(before);
        assertThat(linear.forward(x).item()).isEqualTo(10f);
    }

    @Test
    void parametersAreNamedAndHaveTheirRoles() {
        List<String> seen = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(1);
        FeedForward.of("", 6, 10, new FreshWeights(0.1f, random)).visit("layers.0.ffn", p -> seen.add(describe(p)));
        new RmsNorm(6, 1e-6f).visit("norm", p -> seen.add(describe(p)));
        new Embedding(7, 6, 0.1f, random).visit("embed", p -> seen.add(describe(p)));
        Linear.head(Init.normal(0.1f, random, 7, 6)).visit("head", p -> seen.add(describe(p)));
        assertThat(seen)
                .containsExactly(
                        "layers.0.ffn.w13 (20, 6) MATRIX 2x10",
                        "layers.0.ffn.w2 (6, 10) MATRIX 1x6",
                        "norm (6) NORM 0x0",
                        "embed (7, 6) EMBEDDING 1x7",
                        "head (7, 6) HEAD 1x7");
        assertThat(FeedForward.of("", 6, 10, new FreshWeights(0.1f, random)).parameters())
                .extracting(Parameter::name)
                .containsExactly("w13", "w2");
    }

    private static String describe(Parameter p) {
        assertThat(p.value().requiresGrad()).isTrue();
        return p.name() + " " + p.value().shape() + " " + p.role() + " " + p.matrices() + "x" + p.matrixRows();
    }

    @Test
    void initIsSeededAndHasTheAskedSpread() {
        Tensor a = Init.normal(0.006f, new SplittableRandom(3), 100, 200);
        assertThat(Init.normal(0.006f, new SplittableRandom(3), 100, 200).array())
                .isEqualTo(a.array());
        double sum = 0;
        double squares = 0;
        for (float x : a.array()) {
            sum += x;
            squares += (double) x * x;
        }
        assertThat(sum / a.size()).isCloseTo(0, within(0.006 * 4 / Math.sqrt(a.size())));
        assertThat(Math.sqrt(squares / a.size())).isCloseTo(0.006, within(0.0001));
        assertThatThrownBy(() -> Init.normal(0f, new SplittableRandom(3), 2)).hasMessageContaining("0.0");
    }

    @Test
    void feedForwardIsGatedBySiluOfTheFirstHalf() {
        FeedForward ffn = FeedForward.of(
                Tensor.of(new float[] {1, 0, 0, 1, 2, 0, 0, 3}, 4, 2), Tensor.of(new float[] {1, 0, 0, 1}, 2, 2));
        Tensor y = ffn.forward(Tensor.of(new float[] {0.5f, -1f}, 1, 2));
        double h0 = 0.5 / (1 + Math.exp(-0.5)) * 1.0;
        double h1 = -1 / (1 + Math.exp(1)) * -3;
        assertThat((double) y.get(0)).isCloseTo(h0, within(1e-6));
        assertThat((double) y.get(1)).isCloseTo(h1, within(1e-6));
    }

    @Test
    void rmsNormDividesByTheRootOfTheMeanSquarePlusEps() {
        RmsNorm norm = new RmsNorm(Tensor.of(new float[] {1, 2}, 2), 0.5f);
        Tensor y = norm.forward(Tensor.of(new float[] {3, 4}, 1, 2));
        double root = Math.sqrt(12.5 + 0.5);
        assertThat((double) y.get(0)).isCloseTo(3 / root, within(1e-6));
        assertThat((double) y.get(1)).isCloseTo(8 / root, within(1e-6));
    }

    @Test
    void embeddingPicksRows() {
        Embedding embedding = new Embedding(Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2));
        Tensor y = embedding.forward(IntTensor.of(new int[] {2, 0, 2}, 1, 3));
        assertThat(y.shape().dims()).containsExactly(3, 2);
        assertThat(y.toArray()).containsExactly(5, 6, 1, 2, 5, 6);
    }

    @Test
    void wrongShapesAreSaid() {
        assertThatThrownBy(() -> new Linear(Tensor.zeros(3))).hasMessageContaining("(3)");
        assertThatThrownBy(() -> Linear.stacked(Tensor.zeros(5, 2), 2)).hasMessageContaining("(5, 2)");
        assertThatThrownBy(() -> new RmsNorm(Tensor.zeros(3), 0f)).hasMessageContaining("eps");
        assertThatThrownBy(() -> new Embedding(Tensor.zeros(3))).hasMessageContaining("(3)");
        assertThatThrownBy(() -> FeedForward.of(Tensor.zeros(8, 3), Tensor.zeros(3, 5)))
                .hasMessageContaining("(8, 3)")
                .hasMessageContaining("(3, 5)");
    }
}
