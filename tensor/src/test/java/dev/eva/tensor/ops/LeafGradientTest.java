package dev.eva.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.PreparedWeight;
import dev.eva.tensor.testing.TensorAssert;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Ops that add straight to the gradient of a leaf: twice the pass is twice the gradient, and nobody else is touched.
 */
@Tag("kernels")
class LeafGradientTest {
    private final SplittableRandom random = new SplittableRandom(2);
    private final Workspace workspace = new Workspace();

    private void backward(Supplier<Tensor> y) {
        try (Workspace.Scope step = workspace.open();
                Tape tape = Tape.open()) {
            tape.backward(Sum.sum(y.get()));
        }
    }

    private void twiceIsDouble(Tensor leaf, Supplier<Tensor> y) {
        leaf.requiresGrad(true);
        backward(y);
        float[] once = leaf.grad().toArray();
        backward(y);
        double[] expected = new double[once.length];
        for (int i = 0; i < once.length; i++) {
            expected[i] = 2.0 * once[i];
        }
        TensorAssert.assertClose("after two passes", leaf.grad(), expected, 1e-5, 1e-5);
        assertThat(once).isNotEqualTo(new float[once.length]);
    }

    @Test
    void linear() {
        Tensor x = Tensor.randn(random, 0f, 1f, 7, 5);
        Tensor w = Tensor.randn(random, 0f, 1f, 3, 5);
        PreparedWeight prepared = new PreparedWeight(w);
        twiceIsDouble(w, () -> Linear.linear(x, prepared));
        assertThat(x.grad()).isNull();
    }

    @Test
    void linearWithAFrozenWeightStillPassesTheGradientOn() {
        Tensor x = Tensor.randn(random, 0f, 1f, 7, 5);
        Tensor w = Tensor.randn(random, 0f, 1f, 3, 5);
        PreparedWeight prepared = new PreparedWeight(w);
        twiceIsDouble(x, () -> Linear.linear(x, prepared));
        assertThat(w.grad()).isNull();
    }

    @Test
    void oneWeightInTwoLinears() {
        Tensor x = Tensor.of(new float[] {1, 2}, 1, 2);
        Tensor w = Tensor.of(new float[] {3, 0, 0, 5}, 2, 2).requiresGrad(true);
        PreparedWeight prepared = new PreparedWeight(w);
        backward(() -> Linear.linear(Linear.linear(x, prepared), prepared));
        // y = W W x: dW = 1 (W x)^T + W^T 1 x^T
        assertThat(w.grad().toArray()).containsExactly(3 + 3, 10 + 6, 3 + 5, 10 + 10);
    }

    @Test
    void groupedLinear() {
        Tensor x = Tensor.randn(random, 0f, 1f, 7, 5);
        Tensor w = Tensor.randn(random, 0f, 1f, 3, 4, 5);
        PreparedWeight prepared = new PreparedWeight(w);
        twiceIsDouble(w, () -> GroupedLinear.groupedLinear(x, prepared, new int[] {0, 3, 3, 7}));
        for (int i = 20; i < 40; i++) {
            assertThat(w.grad().get(i)).as("the group without rows").isZero();
        }
    }

    @Test
    void embedding() {
        Tensor w = Tensor.randn(random, 0f, 1f, 9, 4);
        twiceIsDouble(w, () -> Embedding.embedding(IntTensor.of(new int[] {3, 1, 3}, 3), w));
        assertThat(w.grad().slice(3, 4).toArray()).containsOnly(4f);
        assertThat(w.grad().slice(2, 3).toArray()).containsOnly(0f);
    }

    @Test
    void aWrittenWeightIsPreparedAnew() {
        Tensor x = Tensor.full(1f, 2, 3).requiresGrad(true);
        Tensor w = Tensor.full(1f, 4, 3);
        PreparedWeight prepared = new PreparedWeight(w);
        backward(() -> Linear.linear(x, prepared));
        assertThat(x.grad().toArray()).containsOnly(4f);
        assertThat(Linear.linear(x, prepared).toArray()).containsOnly(3f);
        w.fill(2f);
        x.zeroGrad();
        backward(() -> Linear.linear(x, prepared));
        assertThat(x.grad().toArray()).containsOnly(8f);
        assertThat(Linear.linear(x, prepared).toArray()).containsOnly(6f);
    }
}
