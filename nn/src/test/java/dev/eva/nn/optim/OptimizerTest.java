package dev.eva.nn.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.nn.Parameter;
import dev.eva.nn.Parameter.Role;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.testing.TensorAssert;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("kernels")
class OptimizerTest {
    private static final float LR = 0.01f;
    private static final float DECAY = 0.1f;

    /** Every role; tall, wide, square, stacked, and more elements than one task or one batch takes. */
    private static List<Parameter> parameters(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return List.of(
                Parameter.matrix("embed", Tensor.randn(random, 0, 1, 301, 130), Role.EMBEDDING),
                Parameter.matrix("wide", Tensor.randn(random, 0, 1, 7, 45), Role.MATRIX),
                Parameter.matrix("tall", Tensor.randn(random, 0, 1, 45, 7), Role.MATRIX),
                Parameter.matrix("square", Tensor.randn(random, 0, 1, 33, 33), Role.MATRIX),
                new Parameter("experts.w13", Tensor.randn(random, 0, 1, 3, 2 * 10, 7), Role.MATRIX, 10),
                new Parameter("experts.w2", Tensor.randn(random, 0, 1, 3, 7, 10), Role.MATRIX, 7),
                Parameter.matrix("oneRow", Tensor.randn(random, 0, 1, 1, 19), Role.MATRIX),
                Parameter.norm("norm", Tensor.full(1f, 7)),
                Parameter.buffer("bias", Tensor.randn(random, 0, 1, 5)),
                Parameter.matrix("head", Tensor.randn(random, 0, 1, 9, 7), Role.HEAD),
                Parameter.matrix("blocks", Tensor.randn(random, 0, 1, 150, 171), Role.MATRIX));
    }

    private static void gradients(List<Parameter> parameters, int step) {
        SplittableRandom random = new SplittableRandom(1000 + step);
        for (Parameter p : parameters) {
            if (p.role() != Role.BUFFER) {
                p.value()
                        .gradOrZeros()
                        .set(Tensor.randn(random, 0, 0.3f, p.value().shape().dims()));
            }
        }
    }

    private static Optimizer optimizer(boolean muon, List<Parameter> parameters, WeightDecay decay) {
        return muon
                ? new Muon(parameters, 0.95, AdamW.Moments.DEEPSEEK, decay)
                : new AdamW(parameters, AdamW.Moments.DEEPSEEK, decay);
    }

    /** Moments in bfloat16 go near the exact ones, keep their bits over a save, and take half the memory. */
    @Test
    void momentsInBfloat16() {
        List<Parameter> exact = parameters(2);
        List<Parameter> whole = parameters(2);
        List<Parameter> cut = parameters(2);
        AdamW a = new AdamW(exact, AdamW.Moments.DEEPSEEK, WeightDecay.matrices(DECAY));
        AdamW b = bf16(whole);
        AdamW c = bf16(cut);
        for (int t = 0; t < 5; t++) {
            gradients(exact, t);
            a.step(LR);
            gradients(whole, t);
            b.step(LR);
            gradients(cut, t);
            c.step(LR);
            Map<String, Tensor> saved = new HashMap<>();
            c.state().forEach(s -> saved.put(s.name(), s.value()));
            c = bf16(cut);
            c.restore(t + 1, saved::get);
        }
        for (int i = 0; i < exact.size(); i++) {
            String name = whole.get(i).name();
            float[] values = whole.get(i).value().toArray();
            TensorAssert.assertSameBits(name, cut.get(i).value().toArray(), values);
            TensorAssert.assertClose(
                    name, whole.get(i).value(), doubles(exact.get(i).value()), 0.03 * LR, 0);
        }
        b.state().forEach(s -> {
            for (float v : s.value().toArray()) {
                assertThat(Float.floatToRawIntBits(v) & 0xFFFF).isZero();
            }
        });
    }

    private static AdamW bf16(List<Parameter> parameters) {
        return new AdamW(parameters, AdamW.Moments.DEEPSEEK, WeightDecay.matrices(DECAY), MomentFormat.BF16);
    }

    private static double[] doubles(Tensor t) {
        double[] d = new double[t.size()];
        Arrays.setAll(d, t::get);
        return d;
    }

    @ParameterizedTest
    @ValueSource(strings = {"adamw matrices", "adamw all", "muon matrices", "muon all"})
    void stepsFollowTheFormula(String which) {
        boolean muon = which.startsWith("muon");
        boolean all = which.endsWith("all");
        List<Parameter> parameters = parameters(1);
        Optimizer optimizer = optimizer(muon, parameters, all ? WeightDecay.all(DECAY) : WeightDecay.matrices(DECAY));
        List<double[][]> expected = new ArrayList<>();
        for (Parameter p : parameters) {
            int n = p.value().size();
            expected.add(new double[][] {doubles(p.value()), new double[n], new double[n]});
        }
        for (int t = 1; t <= 4; t++) {
            gradients(parameters, t);
            optimizer.step(LR / t);
            for (int i = 0; i < parameters.size(); i++) {
                Parameter p = parameters.get(i);
                double decay = all || p.role() != Role.NORM ? DECAY : 0;
                oracle(muon, p, expected.get(i), t, LR / t, decay);
            }
        }
        for (int i = 0; i < parameters.size(); i++) {
            Parameter p = parameters.get(i);
            TensorAssert.assertClose(p.name(), p.value(), expected.get(i)[0], 2e-5, 2e-5);
        }
    }

    private static void oracle(boolean muon, Parameter p, double[][] state, int t, double lr, double decay) {
        if (p.role() == Role.BUFFER) {
            return;
        }
        double[] g = doubles(p.value().grad());
        if (!muon || p.role() != Role.MATRIX) {
            OptimizerOracle.adamW(state[0], g, state[1], state[2], t, lr, decay);
            return;
        }
        int n = p.matrixRows() * p.matrixCols();
        for (int i = 0; i < p.matrices(); i++) {
            double[] w = Arrays.copyOfRange(state[0], i * n, (i + 1) * n);
            double[] m = Arrays.copyOfRange(state[1], i * n, (i + 1) * n);
            OptimizerOracle.muon(
                    w, Arrays.copyOfRange(g, i * n, (i + 1) * n), m, p.matrixRows(), p.matrixCols(), lr, decay);
            System.arraycopy(w, 0, state[0], i * n, n);
            System.arraycopy(m, 0, state[1], i * n, n);
        }
    }

    /** What clipping in place and a step give, to the bit. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFactorActsAsIfTheGradientsWereScaled(boolean muon) {
        List<Parameter> inPlace = parameters(1);
        List<Parameter> asRead = parameters(1);
        gradients(inPlace, 1);
        gradients(asRead, 1);
        float largest = (float) (GradClip.norm(asRead) / 3);
        float factor = GradClip.factor(GradClip.norm(asRead), largest);
        assertThat(factor).isLessThan(0.34f);
        assertThat(GradClip.clip(inPlace, largest)).isEqualTo(GradClip.norm(asRead));
        optimizer(muon, inPlace, WeightDecay.all(DECAY)).step(LR);
        optimizer(muon, asRead, WeightDecay.all(DECAY)).step(LR, factor);
        for (int i = 0; i < inPlace.size(); i++) {
            assertThat(asRead.get(i).value().toArray())
                    .isEqualTo(inPlace.get(i).value().toArray());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void buffersStayAndWeightsAreMarkedWritten(boolean muon) {
        List<Parameter> parameters = parameters(1);
        float[] bias = parameters.get(8).value().toArray();
        int[] versions = parameters.stream().mapToInt(p -> p.value().version()).toArray();
        Optimizer optimizer = optimizer(muon, parameters, WeightDecay.all(DECAY));
        gradients(parameters, 1);
        optimizer.step(LR);
        assertThat(parameters.get(8).value().toArray()).isEqualTo(bias);
        for (int i = 0; i < versions.length; i++) {
            assertThat(parameters.get(i).value().version() != versions[i]).isEqualTo(i != 8);
        }
        assertThat(optimizer.state()).noneMatch(s -> s.name().startsWith("bias"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aParameterWithoutGradientDecays(boolean muon) {
        Parameter p = Parameter.matrix("w", Tensor.full(2f, 3, 3), Role.MATRIX);
        optimizer(muon, List.of(p), WeightDecay.matrices(DECAY)).step(0.5f);
        assertThat(p.value().get(4)).isCloseTo(2f * (1 - 0.5f * DECAY), within(1e-6f));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theNumberOfThreadsDoesNotChangeABit(boolean muon) {
        int before = Parallel.threads();
        try {
            List<float[]> expected = null;
            for (int threads = 1; threads <= 3; threads++) {
                Parallel.setThreads(threads);
                List<float[]> actual = train(muon, 3);
                for (int i = 0; expected != null && i < actual.size(); i++) {
                    TensorAssert.assertSameBits(threads + " threads", actual.get(i), expected.get(i));
                }
                expected = actual;
            }
        } finally {
            Parallel.setThreads(before);
        }
    }

    private static List<float[]> train(boolean muon, int steps) {
        List<Parameter> parameters = parameters(2);
        Optimizer optimizer = optimizer(muon, parameters, WeightDecay.matrices(DECAY));
        for (int t = 0; t < steps; t++) {
            gradients(parameters, t);
            optimizer.step(LR);
        }
        return parameters.stream().map(p -> p.value().toArray()).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void restoredStateContinuesToTheSameBits(boolean muon) {
        List<Parameter> parameters = parameters(2);
        Optimizer first = optimizer(muon, parameters, WeightDecay.matrices(DECAY));
        for (int t = 0; t < 3; t++) {
            gradients(parameters, t);
            first.step(LR);
        }
        Map<String, Tensor> saved = new HashMap<>();
        first.state()
                .forEach(s -> assertThat(saved.put(s.name(), s.value().copy())).isNull());
        Optimizer second = optimizer(muon, parameters, WeightDecay.matrices(DECAY));
        second.restore(first.steps(), saved::get);
        assertThat(second.steps()).isEqualTo(3);
        for (int t = 3; t < 5; t++) {
            gradients(parameters, t);
            second.step(LR);
        }
        List<float[]> expected = train(muon, 5);
        for (int i = 0; i < expected.size(); i++) {
            TensorAssert.assertSameBits(
                    parameters.get(i).name(), parameters.get(i).value().toArray(), expected.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void stateOfAnotherModelIsAnErrorAndChangesNothing(boolean muon) {
        List<Parameter> parameters = parameters(2);
        Optimizer optimizer = optimizer(muon, parameters, WeightDecay.matrices(DECAY));
        gradients(parameters, 1);
        optimizer.step(LR);
        float[] before = optimizer.state().getFirst().value().toArray();
        Map<String, Tensor> saved = new HashMap<>();
        optimizer
                .state()
                .forEach(s -> saved.put(s.name(), Tensor.zeros(s.value().shape())));
        saved.put("head.v", Tensor.zeros(9, 8));
        assertThatThrownBy(() -> optimizer.restore(1, saved::get))
                .hasMessage("optimizer: saved state head.v has shape (9, 8); need (9, 7)");
        saved.remove("head.v");
        assertThatThrownBy(() -> optimizer.restore(1, saved::get)).hasMessageContaining("lacks head.v (9, 7)");
        assertThat(optimizer.state().getFirst().value().toArray()).isEqualTo(before);
    }

    /** The coefficients bring singular values near 1, not to 1: five iterations end within about 0.7 to 1.2. */
    @Test
    void muonMovesAlongAnAlmostOrthogonalMatrix() {
        SplittableRandom random = new SplittableRandom(3);
        for (int[] size : new int[][] {{24, 64}, {64, 24}, {32, 32}}) {
            Parameter p = Parameter.matrix("w", Tensor.zeros(size), Role.MATRIX);
            p.value().gradOrZeros().set(Tensor.randn(random, 0, 1, size));
            new Muon(List.of(p), 0.95, AdamW.Moments.DEEPSEEK, WeightDecay.matrices(0)).step(1f);
            double factor = 0.2 * Math.sqrt(Math.max(size[0], size[1]));
            double squares = 0;
            for (double v : doubles(p.value())) {
                squares += v * v / (factor * factor);
            }
            int rank = Math.min(size[0], size[1]);
            assertThat(Math.sqrt(squares / rank)).isBetween(0.7, 1.15);
            assertThat(largestSingularValue(p.value(), factor)).isBetween(0.9, 1.25);
        }
    }

    private static double largestSingularValue(Tensor w, double factor) {
        double[][] x = new double[w.dim(0)][w.dim(1)];
        for (int i = 0; i < w.size(); i++) {
            x[i / w.dim(1)][i % w.dim(1)] = w.get(i) / factor;
        }
        double[][] gram = OptimizerOracle.multiply(OptimizerOracle.transpose(x), x);
        double[][] v = new double[gram.length][1];
        v[0][0] = 1;
        v[1][0] = 0.5;
        double value = 0;
        for (int i = 0; i < 300; i++) {
            v = OptimizerOracle.multiply(gram, v);
            value = 0;
            for (double[] row : v) {
                value += row[0] * row[0];
            }
            value = Math.sqrt(value);
            for (double[] row : v) {
                row[0] /= value;
            }
        }
        return Math.sqrt(value);
    }

    /** So large that its own products are shared by the threads, beside small ones that are tasks as a whole. */
    @Test
    void aLargeMatrixHasTheSameBitsForAnyThreads() {
        int before = Parallel.threads();
        try {
            float[] expected = null;
            for (int threads = 1; threads <= 3; threads++) {
                Parallel.setThreads(threads);
                SplittableRandom random = new SplittableRandom(6);
                Parameter p = Parameter.matrix("w", Tensor.randn(random, 0, 1, 9, 117_001), Role.MATRIX);
                p.value().gradOrZeros().set(Tensor.randn(random, 0, 1, 9, 117_001));
                new Muon(List.of(p), 0.95, AdamW.Moments.DEEPSEEK, WeightDecay.matrices(DECAY)).step(LR);
                if (expected != null) {
                    TensorAssert.assertSameBits(threads + " threads", p.value().toArray(), expected);
                }
                expected = p.value().toArray();
            }
        } finally {
            Parallel.setThreads(before);
        }
    }

    @Test
    void matricesInOneTensorMoveAsTheyDoApart() {
        SplittableRandom random = new SplittableRandom(7);
        Parameter all = new Parameter("all", Tensor.randn(random, 0, 1, 3, 26, 9), Role.MATRIX, 13);
        all.value().gradOrZeros().set(Tensor.randn(random, 0, 1, 3, 26, 9));
        List<Parameter> apart = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Tensor w = Tensor.of(Arrays.copyOfRange(all.value().array(), i * 117, (i + 1) * 117), 13, 9);
            w.gradOrZeros().set(Tensor.wrap(all.value().grad().array(), i * 117, w.shape()));
            apart.add(Parameter.matrix("part" + i, w, Role.MATRIX));
        }
        optimizer(true, List.of(all), WeightDecay.matrices(DECAY)).step(LR);
        optimizer(true, apart, WeightDecay.matrices(DECAY)).step(LR);
        for (int i = 0; i < 6; i++) {
            float[] part = Arrays.copyOfRange(all.value().array(), i * 117, (i + 1) * 117);
            TensorAssert.assertSameBits("part " + i, part, apart.get(i).value().toArray());
        }
    }
}
