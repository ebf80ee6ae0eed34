package dev.eva.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.kernel.PreparedWeight;
import dev.eva.tensor.ops.Linear;
import dev.eva.tensor.ops.Mean;
import dev.eva.tensor.ops.Reshape;
import dev.eva.tensor.ops.RmsNorm;
import dev.eva.tensor.ops.Silu;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WorkspaceTest {
    @Test
    void aTensorOfAnEndedStepSaysSo() {
        Workspace w = new Workspace();
        Tensor t;
        Tensor view;
        Tensor copy;
        try (Workspace.Scope step = w.open()) {
            t = Workspace.empty(2, 3);
            t.fill(5f);
            view = t.view(Shape.of(6));
            copy = t.copy();
        }
        assertThatThrownBy(t::array).isInstanceOf(IllegalStateException.class).hasMessageContaining("(2, 3)");
        assertThatThrownBy(() -> view.get(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> t.slice(0, 1)).isInstanceOf(IllegalStateException.class);
        assertThat(copy.get(5)).isEqualTo(5f);
        try (Workspace.Scope step = w.open()) {
            assertThat(Workspace.empty(2, 3).array()).hasSize(6);
            assertThatThrownBy(t::array).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void tensorsOfAReusingWorkspaceAreTheSameObjectsAgain() {
        Workspace w = Workspace.reusing();
        Tensor first;
        Tensor part;
        try (Workspace.Scope step = w.open()) {
            first = Workspace.empty(4, 3);
            part = first.slice(1, 3);
            assertThat(first.slice(1, 3)).isSameAs(part);
            assertThat(first.slice(1, 4)).isNotSameAs(part);
            assertThat(first.view(Shape.of(12)).shape()).isEqualTo(Shape.of(12));
            assertThat(Workspace.empty(4, 3).array()).isNotSameAs(first.array());
        }
        assertThatThrownBy(first::array).isInstanceOf(IllegalStateException.class);
        try (Workspace.Scope step = w.open()) {
            assertThat(Workspace.empty(4, 3)).isSameAs(first);
            assertThat(first.slice(1, 3)).isSameAs(part);
            Workspace.releaseUnheld(first);
            Tensor other = Workspace.empty(3, 4);
            assertThat(other.shape()).isEqualTo(Shape.of(3, 4));
            assertThatThrownBy(first::array).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void roomyMemoryServesManyLengths() {
        Workspace w = new Workspace();
        for (int rows = 65; rows <= 128; rows++) {
            try (Workspace.Scope step = w.open()) {
                assertThat(Workspace.roomy(rows, 3).shape()).isEqualTo(Shape.of(rows, 3));
            }
        }
        assertThat(w.bytes()).isEqualTo(4 * 128 * 3);
        try (Workspace.Scope step = w.open()) {
            assertThat(Workspace.roomy(1, 5).array()).hasSize(5);
            assertThat(Workspace.roomy(0, 5).size()).isZero();
        }
        assertThat(Workspace.roomy(3, 2).shape()).isEqualTo(Shape.of(3, 2));
    }

    @Test
    void arraysAreReusedStepAfterStep() {
        Workspace w = new Workspace();
        float[] first;
        try (Workspace.Scope step = w.open()) {
            first = Workspace.empty(10).array();
        }
        try (Workspace.Scope step = w.open()) {
            assertThat(Workspace.empty(2, 5).array()).isSameAs(first);
            assertThat(Workspace.empty(10).array()).isNotSameAs(first);
        }
        assertThat(w.bytes()).isEqualTo(80);
        w.trim();
        assertThat(w.bytes()).isZero();
    }

    @Test
    void memoryGoesBackWithItsLastHolder() {
        Workspace w = new Workspace();
        try (Workspace.Scope step = w.open()) {
            Tensor t = Workspace.empty(4);
            Workspace.hold(t);
            Workspace.hold(t);
            assertThat(Workspace.isSoleHolder(t)).isFalse();
            Workspace.release(t);
            assertThat(Workspace.isSoleHolder(t)).isTrue();
            float[] array = t.array();
            Workspace.releaseUnheld(t);
            assertThat(t.array()).isSameAs(array);
            Workspace.release(t);
            assertThatThrownBy(t::array).isInstanceOf(IllegalStateException.class);
            Workspace.release(t);
            Tensor next = Workspace.empty(4);
            assertThat(next.array()).isSameAs(array);
        }
    }

    @Test
    void unheldMemoryStaysUntilTheStepEnds() {
        try (Workspace.Scope step = new Workspace().open()) {
            Tensor t = Workspace.empty(4);
            Workspace.hold(t);
            Workspace.unhold(t);
            assertThat(t.array()).hasSize(4);
        }
    }

    @Test
    void heapTensorsHaveNoStep() {
        Tensor t = Tensor.zeros(3);
        Workspace.hold(t);
        Workspace.release(t);
        Workspace.releaseUnheld(t);
        assertThat(t.array()).hasSize(3);
        assertThat(Workspace.isSoleHolder(t)).isFalse();
        assertThat(Workspace.empty(3).array()).containsExactly(0, 0, 0);
    }

    @Test
    void stepsOfOneWorkspaceDoNotNestThoseOfTwoDo() {
        Workspace outer = new Workspace();
        Workspace inner = new Workspace();
        try (Workspace.Scope step = outer.open()) {
            assertThatThrownBy(outer::open).hasMessageContaining("already open");
            Tensor kept = Workspace.empty(5);
            try (Workspace.Scope nested = inner.open()) {
                Workspace.empty(7);
            }
            assertThat(kept.array()).hasSize(5);
            Workspace.empty(5);
        }
        assertThat(outer.bytes()).isEqualTo(40);
        assertThat(inner.bytes()).isEqualTo(28);
    }

    @Test
    void withoutATapeAnOpMayReturnAViewOfWhatItTook() {
        try (Workspace.Scope step = new Workspace().open()) {
            Tensor x = Silu.silu(Tensor.full(1f, 2, 3));
            Tensor y = Reshape.reshape(x, 6);
            assertThat(y.get(0)).isEqualTo(x.get(0)).isGreaterThan(0.7f);
        }
    }

    @Test
    void aWarmTrainingStepAllocatesNoArrays() {
        int previous = Parallel.threads();
        Parallel.setThreads(1);
        Workspace w = new Workspace();
        SplittableRandom random = new SplittableRandom(1);
        Tensor x = Tensor.randn(random, 0f, 1f, 256, 64);
        Tensor gain = Tensor.full(1f, 64).requiresGrad(true);
        Tensor weight = Tensor.randn(random, 0f, 0.1f, 64, 64).requiresGrad(true);
        PreparedWeight prepared = new PreparedWeight(weight);
        step(w, x, gain, weight, prepared);
        long bytes = w.bytes();
        long allocated = Long.MAX_VALUE;
        // Vectors are objects until C2 has compiled the kernels, which takes some thousand calls.
        for (int i = 0; i < 20_000 && allocated > 40_000; i++) {
            long before = allocatedBytes();
            step(w, x, gain, weight, prepared);
            allocated = allocatedBytes() - before;
        }
        Parallel.setThreads(previous);
        assertThat(w.bytes()).isEqualTo(bytes).isGreaterThan(256 * 64 * 4);
        assertThat(allocated).as("a single activation has 64 KiB").isLessThan(40_000);
    }

    private static void step(Workspace w, Tensor x, Tensor gain, Tensor weight, PreparedWeight prepared) {
        try (Workspace.Scope step = w.open();
                Tape tape = Tape.open()) {
            Tensor h = x;
            for (int layer = 0; layer < 3; layer++) {
                h = Silu.silu(Linear.linear(RmsNorm.rmsNorm(h, gain, 1e-6f), prepared));
            }
            tape.backward(Mean.mean(h));
            weight.markWritten();
        }
    }

    private static long allocatedBytes() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getThreadAllocatedBytes(Thread.currentThread().threadId());
    }

    @Test
    void bytesAreLentCountedAndReused() {
        Workspace w = new Workspace();
        byte[] first;
        try (Workspace.Scope step = w.open()) {
            ByteBlock a = Workspace.bytes(10);
            ByteBlock b = Workspace.bytes(10);
            Tensor t = Workspace.empty(3);
            first = a.array();
            assertThat(w.lentBytes()).isEqualTo(32);
            Workspace.release(a);
            Workspace.release(a);
            assertThat(w.lentBytes()).isEqualTo(22);
            assertThat(Workspace.bytes(10).array()).isSameAs(first).isNotSameAs(b.array());
            assertThat(t.size()).isEqualTo(3);
        }
        assertThat(w.lentBytes()).isZero();
        assertThat(w.bytes()).isEqualTo(32);
        w.trim();
        assertThat(w.bytes()).isZero();
        ByteBlock onTheHeap = Workspace.bytes(4);
        Workspace.release(onTheHeap);
        assertThat(onTheHeap.array()).hasSize(4);
    }

    /** A gradient outlives its step in memory that the step has done with, and ends when it is set to zero. */
    @Test
    void gradientsAreCutFromWhatAStepHasDoneWith() {
        Workspace w = new Workspace();
        Tensor p = Tensor.zeros(300, 256).requiresGrad(true);
        Tensor q = Tensor.zeros(301, 255).requiresGrad(true);
        Tensor g;
        float[] array;
        try (Workspace.Scope step = w.open()) {
            Tensor activation = Workspace.empty(160_000);
            array = activation.array();
            Workspace.releaseUnheld(activation);
            g = p.gradOrZeros();
            g.fill(2f);
            q.gradOrZeros().fill(3f);
            assertThat(Workspace.empty(160_000).array()).isNotSameAs(array);
        }
        assertThat(g.array()).isSameAs(array).isSameAs(q.grad().array());
        assertThat(g.toArray()).containsOnly(2f);
        assertThat(q.grad().toArray()).containsOnly(3f);
        assertThat(w.lentBytes()).isZero();
        assertThat(w.bytes()).isEqualTo(2 * 4 * 160_000);
        p.zeroGrad();
        assertThat(g.toArray()).as("the other gradient holds the array").hasSize(300 * 256);
        q.zeroGrad();
        assertThatThrownBy(g::array).isInstanceOf(IllegalStateException.class);
        try (Workspace.Scope step = w.open()) {
            assertThat(Workspace.empty(160_000).array()).isSameAs(array);
            assertThat(p.gradBeta()).isZero();
            assertThat(p.gradBeta()).isEqualTo(1f);
            assertThat(q.gradOrZeros().toArray()).containsOnly(0f);
        }
        assertThat(w.bytes()).isEqualTo(2 * 4 * 160_000);
    }

    /** Weights of the same sizes share the memory of their packed forms where each is multiplied once a change. */
    @Test
    void packedWeightsShareMemoryWhereEachIsMultipliedOnce() {
        SplittableRandom random = new SplittableRandom(3);
        Tensor x = Tensor.randn(random, 0, 1, 7, 48);
        Tensor[] w = {Tensor.randn(random, 0, 1, 40, 48), Tensor.randn(random, 0, 1, 40, 48)};
        PreparedWeight[] prepared = {new PreparedWeight(w[0]), new PreparedWeight(w[1])};
        Workspace memory = new Workspace();
        for (int version = 0; version < 4; version++) {
            try (Workspace.Scope step = memory.open()) {
                for (int use = 0; use < (version == 2 ? 3 : 1); use++) {
                    for (int i = 0; i < 2; i++) {
                        assertThat(Linear.linear(x, prepared[i]).toArray())
                                .isEqualTo(Linear.linear(x, new PreparedWeight(w[i]))
                                        .toArray());
                    }
                }
                if (version == 2) {
                    assertThat(prepared[0].forward()).isSameAs(prepared[0].forward());
                }
            }
            w[0].fill(version);
            w[1].set(Tensor.randn(random, 0, 1, 40, 48));
        }
    }

    @Test
    void aLargeTensorTakesAnArrayThatIsALittleTooLong() {
        Workspace w = new Workspace();
        try (Workspace.Scope step = w.open()) {
            Tensor a = Workspace.empty(120_000);
            float[] array = a.array();
            Workspace.releaseUnheld(a);
            assertThat(Workspace.empty(80_000).array()).hasSize(80_000);
            Tensor near = Workspace.empty(100_000);
            assertThat(near.array()).isSameAs(array);
            assertThat(near.toArray()).hasSize(100_000);
            assertThat(w.lentBytes()).isEqualTo(4 * 200_000);
        }
        assertThat(w.lentBytes()).isZero();
    }
}
