package dev.eva.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.Mean;
import dev.eva.tensor.ops.Mul;
import dev.eva.tensor.ops.Reshape;
import dev.eva.tensor.ops.RmsNorm;
import dev.eva.tensor.ops.Scale;
import dev.eva.tensor.ops.Sum;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("kernels")
class TapeTest {
    private final Tensor x = Tensor.of(new float[] {1, -2, 3}, 3).requiresGrad(true);

    /** The gradient of {@code sum(f(x))}, with a workspace or on the heap. */
    private float[] gradient(boolean workspace, UnaryOperator<Tensor> f) {
        Workspace w = new Workspace();
        Workspace.Scope step = workspace ? w.open() : null;
        try (Tape tape = Tape.open()) {
            tape.backward(Sum.sum(f.apply(x)));
        } finally {
            if (step != null) {
                step.close();
            }
        }
        return x.grad().toArray();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theSameTensorTwiceAsInput(boolean workspace) {
        assertThat(gradient(workspace, v -> Mul.mul(v, v))).containsExactly(2, -4, 6);
        x.zeroGrad();
        assertThat(gradient(workspace, v -> Add.add(v, v))).containsExactly(2, 2, 2);
        x.zeroGrad();
        assertThat(gradient(workspace, v -> {
                    Tensor y = Scale.scale(v, 3f);
                    return Add.add(y, y);
                }))
                .containsExactly(6, 6, 6);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aDiamondSumsBothSides(boolean workspace) {
        // y = 2x; f = y * 3y + y, so df/dx = 2 (6y + 1)
        assertThat(gradient(workspace, v -> {
                    Tensor y = Scale.scale(v, 2f);
                    return Add.add(Mul.mul(y, Scale.scale(y, 3f)), y);
                }))
                .containsExactly(2 * (12 + 1), 2 * (-24 + 1), 2 * (36 + 1));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGradientThatAddPassesOnIsNotChangedThroughItsOtherName(boolean workspace) {
        // Both inputs of add receive dOut itself; a then gets another gradient added, b must not see it.
        assertThat(gradient(workspace, v -> {
                    Tensor a = Scale.scale(v, 1f);
                    Tensor b = Scale.scale(v, 10f);
                    Tensor more = Scale.scale(a, 5f);
                    return Add.add(Add.add(a, b), more);
                }))
                .containsExactly(16, 16, 16);
        x.zeroGrad();
        assertThat(gradient(workspace, v -> {
                    Tensor a = Scale.scale(v, 1f);
                    Tensor seen = Reshape.reshape(a, 3, 1);
                    return Add.add(Reshape.reshape(Add.add(seen, seen), 3), Add.add(a, Scale.scale(a, 2f)));
                }))
                .containsExactly(5, 5, 5);
    }

    @Test
    void gradientsAddUpOverBackwardPassesUntilZeroed() {
        for (int pass = 1; pass <= 3; pass++) {
            assertThat(gradient(true, v -> Scale.scale(v, 2f))).containsExactly(2 * pass, 2 * pass, 2 * pass);
        }
        x.zeroGrad();
        assertThat(gradient(true, v -> Scale.scale(v, 2f))).containsExactly(2, 2, 2);
    }

    @Test
    void theScaleOfBackwardScalesGradients() {
        try (Tape tape = Tape.open()) {
            tape.backward(Sum.sum(x), 0.25f);
        }
        assertThat(x.grad().toArray()).containsExactly(0.25f, 0.25f, 0.25f);
    }

    @Test
    void whatDoesNotReachTheLossIsGivenBackAndGetsNoGradient() {
        Tensor unused = Tensor.full(1f, 3).requiresGrad(true);
        assertThat(gradient(true, v -> {
                    Scale.scale(unused, 2f);
                    Mul.mul(v, unused);
                    return Scale.scale(v, 3f);
                }))
                .containsExactly(3, 3, 3);
        assertThat(unused.grad()).isNull();
    }

    @Test
    void constantsGetNoGradientAndOutliveTheTape() {
        try (Workspace.Scope step = new Workspace().open()) {
            Tensor constant = Workspace.empty(Shape.of(3));
            constant.fill(4f);
            for (int micro = 0; micro < 2; micro++) {
                try (Tape tape = Tape.open()) {
                    tape.backward(Sum.sum(Mul.mul(x, constant)));
                }
            }
            assertThat(constant.grad()).isNull();
            assertThat(constant.get(0)).isEqualTo(4f);
        }
        assertThat(x.grad().toArray()).containsExactly(8, 8, 8);
    }

    @Test
    void theLossCanBeReadAfterBackwardActivationsCannot() {
        try (Workspace.Scope step = new Workspace().open();
                Tape tape = Tape.open()) {
            Tensor y = Scale.scale(x, 2f);
            Tensor loss = Sum.sum(y);
            tape.backward(loss);
            assertThat(loss.item()).isEqualTo(4f);
            assertThatThrownBy(y::array).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void withoutATapeNothingIsRecorded() {
        assertThat(Scale.scale(x, 2f).requiresGrad()).isFalse();
        try (Tape tape = Tape.open()) {
            assertThat(Scale.scale(Tensor.zeros(2), 2f).requiresGrad()).isFalse();
            assertThat(Scale.scale(x, 2f).requiresGrad()).isTrue();
        }
    }

    @Test
    void backwardNeedsARecordedScalarOnce() {
        try (Tape tape = Tape.open()) {
            Tensor y = Scale.scale(x, 2f);
            assertThatThrownBy(() -> tape.backward(y)).hasMessageContaining("(3)");
            Tensor loss = Sum.sum(y);
            tape.backward(loss);
            assertThatThrownBy(() -> tape.backward(loss)).hasMessageContaining("not recorded");
            assertThatThrownBy(() -> tape.backward(Tensor.zeros(1))).hasMessageContaining("not recorded");
        }
    }

    @Test
    void tapesNest() {
        try (Tape outer = Tape.open()) {
            Tensor y = Scale.scale(x, 2f);
            try (Tape inner = Tape.open()) {
                inner.backward(Sum.sum(Scale.scale(x, 5f)));
            }
            outer.backward(Sum.sum(y));
        }
        assertThat(x.grad().toArray()).containsExactly(7, 7, 7);
    }

    /** Returns a gradient of the wrong shape. */
    private record Wrong() implements Op {
        @Override
        public Tensor forward(Ctx ctx, Tensor... in) {
            return ctx.zeros(Shape.of());
        }

        @Override
        public Tensor[] backward(Ctx ctx, Tensor dOut) {
            return new Tensor[] {dOut};
        }
    }

    @Test
    void aGradientOfTheWrongShapeNamesTheOp() {
        try (Tape tape = Tape.open()) {
            Tensor y = Tape.apply(new Wrong(), x);
            assertThatThrownBy(() -> tape.backward(y)).hasMessageContaining("Wrong.backward: gradient 0 has shape ()");
        }
    }

    /** Returns a view of memory that it took, and takes scratch. */
    private record View() implements Op {
        @Override
        public Tensor forward(Ctx ctx, Tensor... in) {
            ctx.empty(6);
            Tensor y = ctx.empty(3, 1);
            y.fill(2f);
            return y.view(Shape.of(3));
        }

        @Override
        public Tensor[] backward(Ctx ctx, Tensor dOut) {
            return new Tensor[] {dOut};
        }
    }

    @Test
    void anOutputMayBeAViewOfTakenMemory() {
        Workspace w = new Workspace();
        try (Workspace.Scope step = w.open()) {
            Tensor y = Tape.apply(new View(), x);
            Tensor z = Tape.apply(new View(), x);
            assertThat(Add.add(y, z).toArray()).containsExactly(4, 4, 4);
            assertThat(w.bytes()).as("scratch is reused, outputs are not").isEqualTo(4 * (6 + 3 + 3 + 3));
        }
    }

    /** What nobody reads later ends with its part of the pass, what is made again does so where it is wanted. */
    @Test
    void aSegmentEndsWhatBackwardDoesNotRead() {
        Tensor x = Tensor.randn(new SplittableRandom(1), 0, 1, 5, 8).requiresGrad(true);
        Tensor w = Tensor.full(1.5f, 8).requiresGrad(true);
        float[][] gradients = new float[2][];
        long[] kept = new long[2];
        for (Tape.Keeping keeping : Tape.Keeping.values()) {
            Workspace memory = new Workspace();
            x.zeroGrad();
            try (Workspace.Scope step = memory.open();
                    Tape tape = Tape.open(keeping)) {
                Tape.Segment segment = Tape.segment();
                Tensor sum = Add.add(x, x);
                Tensor normed = RmsNorm.rmsNorm(sum, w, 1e-6f);
                Tensor copied = Add.add(normed, normed);
                Tensor y = segment.end(Mul.mul(normed, normed));
                assertThat(Workspace.isLive(copied)).isFalse();
                assertThat(Workspace.isLive(sum)).isTrue();
                assertThat(Workspace.isLive(normed)).isEqualTo(keeping == Tape.Keeping.ALL);
                assertThat(Workspace.isLive(y)).isTrue();
                kept[keeping.ordinal()] = memory.lentBytes();
                tape.backward(Mean.mean(y));
            }
            gradients[keeping.ordinal()] = x.grad().toArray();
        }
        assertThat(gradients[1]).isEqualTo(gradients[0]);
        assertThat(kept[0] - kept[1]).isEqualTo(4 * 5 * 8);
        Tensor outside = Tape.segment().end(Add.add(x, x));
        assertThat(outside.get(0)).isEqualTo(2 * x.get(0));
    }
}
