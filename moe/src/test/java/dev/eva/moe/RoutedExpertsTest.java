package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.nn.FreshWeights;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Sum;
import dev.eva.tensor.testing.TensorAssert;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kernels")
class RoutedExpertsTest {
    private static final int D = 24;

    private static MoE moe() {
        RoutingMethod method = new RoutingMethod.NoauxTc(4, 2);
        MoeConfig c = new MoeConfig(D, 8, 1, 3, 10, method, true, 2.5);
        return MoE.of("", c, new FreshWeights(0.3f, new SplittableRandom(1)));
    }

    private static Tensor input(int tokens) {
        return Tensor.randn(new SplittableRandom(2), 0, 1, tokens, D);
    }

    @Test
    void noTokenIsDroppedWhenAllWantTheSameExperts() {
        MoE moe = moe();
        moe.router().bias().set(Tensor.of(new float[] {99, 99, 99, 0, 0, 0, 0, 0}, 8));
        Tensor x = input(200);
        MoE.Output out = moe.forward(x);
        assertThat(out.routing().counts()).containsExactly(200, 200, 200, 0, 0, 0, 0, 0);
        for (int t = 0; t < 200; t += 33) {
            float[] alone = moe.forward(x.slice(t, t + 1)).out().toArray();
            TensorAssert.assertSameBits("token " + t, out.out().slice(t, t + 1).toArray(), alone);
        }
    }

    @Test
    void gradientsOfTwoBatchesAddUp() {
        MoE moe = moe();
        List<float[]> once = gradients(moe, new Workspace());
        List<float[]> twice = gradients(moe, new Workspace());
        for (int i = 0; i < once.size(); i++) {
            double[] doubled = new double[once.get(i).length];
            for (int j = 0; j < doubled.length; j++) {
                doubled[j] = 2.0 * once.get(i)[j];
            }
            TensorAssert.assertClose("gradient " + i, twice.get(i), doubled, 1e-5, 1e-5);
        }
    }

    @Test
    void laterStepsReuseTheMemoryOfTheFirst() {
        MoE moe = moe();
        Workspace workspace = new Workspace();
        gradients(moe, workspace);
        long bytes = workspace.bytes();
        gradients(moe, workspace);
        assertThat(workspace.bytes()).isEqualTo(bytes);
    }

    @Test
    void shapesThatDoNotFitSayWhich() {
        assertThatThrownBy(() -> moe().forward(Tensor.zeros(3, D + 1))).hasMessageContaining("(3, 25)");
        assertThatThrownBy(() -> new RoutedExperts(Tensor.zeros(2, 6, 5), Tensor.zeros(2, 5, 4)))
                .hasMessage("experts: w13 (2, 6, 5), w2 (2, 5, 4); need (E, 2F, D) and (E, D, F)");
    }

    private static List<float[]> gradients(MoE moe, Workspace workspace) {
        try (Workspace.Scope step = workspace.open();
                Tape tape = Tape.open()) {
            tape.backward(Sum.sum(moe.forward(input(64).requiresGrad(true)).out()));
        }
        return moe.parameters().stream()
                .map(Parameter::value)
                .filter(Tensor::requiresGrad)
                .map(w -> w.grad().toArray())
                .toList();
    }
}
