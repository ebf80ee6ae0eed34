package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.nn.FreshWeights;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Add;
import dev.eva.tensor.ops.Mul;
import dev.eva.tensor.ops.Sum;
import dev.eva.tensor.testing.TensorAssert;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("kernels")
class MoETest {
    private static final int TOKENS = 45;
    private static final int D = 19;
    private static final int F = 11;
    private static final int E = 8;

    static List<MoeConfig> configs() {
        return List.of(
                new MoeConfig(D, E, 2, 3, F, new RoutingMethod.NoauxTc(4, 2), true, 2.5),
                new MoeConfig(D, E, 0, 2, F, new RoutingMethod.NoauxTc(1, 1), false, 1),
                new MoeConfig(D, E, 1, 3, F, new RoutingMethod.Greedy(), false, 1),
                new MoeConfig(D, E, 1, 2, F, new RoutingMethod.GroupLimitedGreedy(4, 1), false, 16));
    }

    private static MoE moe(MoeConfig c) {
        MoE moe = MoE.of("", c, new FreshWeights(0.3f, new SplittableRandom(21)));
        if (moe.router().bias() != null) {
            moe.router().bias().set(Tensor.randn(new SplittableRandom(22), -0.3f, 0.1f, E));
        }
        return moe;
    }

    private static Tensor tokens() {
        return Tensor.randn(new SplittableRandom(23), 0, 1, TOKENS, D);
    }

    private static Map<String, Tensor> named(MoE moe) {
        return moe.parameters().stream().collect(Collectors.toMap(Parameter::name, Parameter::value));
    }

    private static double[] doubles(Tensor t) {
        double[] d = new double[t.size()];
        Arrays.setAll(d, t::get);
        return d;
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyTokenIsTheWeightedSumOfItsExpertsPlusTheSharedOnes(MoeConfig c) {
        MoE moe = moe(c);
        MoE.Output out = moe.forward(tokens());
        Map<String, Tensor> p = named(moe);
        Routing r = out.routing();
        double[] x = doubles(tokens());
        double[] expected = MoeOracle.experts(
                r.expertIds().array(),
                D,
                F,
                x,
                doubles(r.weights()),
                doubles(p.get("experts.w13")),
                doubles(p.get("experts.w2")));
        for (int t = 0; c.nSharedExperts() > 0 && t < TOKENS; t++) {
            double[] y = MoeOracle.feedForward(
                    D,
                    c.sharedIntermediateSize(),
                    x,
                    t * D,
                    doubles(p.get("sharedExperts.w13")),
                    0,
                    doubles(p.get("sharedExperts.w2")),
                    0);
            for (int i = 0; i < D; i++) {
                expected[t * D + i] += y[i];
            }
        }
        TensorAssert.assertClose("output", out.out(), expected, 1e-4, 1e-5);
        assertThat(Arrays.stream(r.counts()).sum()).isEqualTo(TOKENS * c.numExpertsPerTok());
        double[] gate = doubles(p.get("gate"));
        for (int i = 0; i < TOKENS * E; i++) {
            double logit = 0;
            for (int j = 0; j < D; j++) {
                logit += x[i / E * D + j] * gate[i % E * D + j];
            }
            assertThat((double) r.logits().get(i)).isCloseTo(logit, within(1e-5));
        }
    }

    @Test
    void parametersHaveTheirNamesAndSizes() {
        List<String> all = moe(configs().getFirst()).parameters().stream()
                .map(p ->
                        p.name() + " " + p.value().shape() + " " + p.role() + " " + p.matrices() + "x" + p.matrixRows())
                .toList();
        assertThat(all)
                .containsExactly(
                        "gate (8, 19) MATRIX 1x8",
                        "gateBias (8) BUFFER 0x0",
                        "experts.w13 (8, 22, 19) MATRIX 16x11",
                        "experts.w2 (8, 19, 11) MATRIX 8x19",
                        "sharedExperts.w13 (44, 19) MATRIX 2x22",
                        "sharedExperts.w2 (19, 22) MATRIX 1x19");
        assertThat(moe(configs().get(2)).parameters()).noneMatch(p -> p.name().equals("gateBias"));
    }

    /** Gradients of all parameters, that of the input last, of a random functional of output and balance. */
    private static List<float[]> gradients(MoE moe, Tensor x) {
        try (Workspace.Scope step = new Workspace().open();
                Tape tape = Tape.open()) {
            MoE.Output out = moe.forward(x.requiresGrad(true));
            Tensor weights = Tensor.randn(new SplittableRandom(24), 0, 1, TOKENS, D);
            Tensor loss = Sum.sum(Mul.mul(out.out(), weights));
            tape.backward(Add.add(loss, BalanceLoss.balanceLoss(out.routing(), 1, TOKENS, 0.1f)));
        }
        List<float[]> all = new ArrayList<>();
        moe.parameters().stream()
                .filter(p -> p.role() != Parameter.Role.BUFFER)
                .forEach(p -> all.add(p.value().grad().toArray()));
        all.add(x.grad().toArray());
        return all;
    }

    @Test
    void expertsWithoutTokensGetZerosAndTheBiasNothing() {
        MoE moe = moe(configs().get(1));
        Tensor bias = moe.router().bias();
        bias.array()[bias.offset() + 5] = -100f;
        gradients(moe, tokens());
        Map<String, Tensor> p = named(moe);
        for (String name : List.of("experts.w13", "experts.w2")) {
            float[] grad = p.get(name).grad().toArray();
            int n = grad.length / E;
            for (int e = 0; e < E; e++) {
                float[] one = Arrays.copyOfRange(grad, e * n, (e + 1) * n);
                if (e == 5) {
                    assertThat(one).containsOnly(0f);
                } else {
                    assertThat(one).doesNotContain(0f);
                }
            }
        }
        assertThat(bias.requiresGrad()).isFalse();
        assertThat(bias.grad()).isNull();
    }

    @Test
    void onlyTheBiasDecidesButItDoesNotWeigh() {
        MoE moe = moe(configs().get(1));
        Routing before = moe.forward(tokens()).routing();
        Tensor bias = moe.router().bias();
        bias.fill(0f);
        bias.array()[bias.offset() + 2] = 50f;
        bias.array()[bias.offset() + 6] = 40f;
        Routing after = moe.forward(tokens()).routing();
        assertThat(after.counts()).containsExactly(0, 0, TOKENS, 0, 0, 0, TOKENS, 0);
        TensorAssert.assertSameBits(
                "scores", after.scores().toArray(), before.scores().toArray());
        for (int t = 0; t < TOKENS; t++) {
            assertThat(after.weights().get(2 * t)).isEqualTo(after.scores().get(t * E + 2));
            assertThat(after.weights().get(2 * t + 1)).isEqualTo(after.scores().get(t * E + 6));
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void permutedTokensGivePermutedResults(MoeConfig c) {
        MoE moe = moe(c);
        float[] x = tokens().toArray();
        float[] permuted = new float[x.length];
        for (int t = 0; t < TOKENS; t++) {
            System.arraycopy(x, t * D, permuted, t * 7 % TOKENS * D, D);
        }
        float[] y = moe.forward(tokens()).out().toArray();
        float[] z = moe.forward(Tensor.of(permuted, TOKENS, D)).out().toArray();
        for (int t = 0; t < TOKENS; t++) {
            int to = t * 7 % TOKENS * D;
            TensorAssert.assertSameBits(
                    "token " + t, Arrays.copyOfRange(z, to, to + D), Arrays.copyOfRange(y, t * D, (t + 1) * D));
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void theNumberOfThreadsChangesNoBit(MoeConfig c) {
        int before = Parallel.threads();
        try {
            List<float[]> expected = null;
            for (int threads = 1; threads <= 3; threads++) {
                Parallel.setThreads(threads);
                List<float[]> actual = gradients(moe(c), tokens());
                for (int i = 0; expected != null && i < actual.size(); i++) {
                    TensorAssert.assertSameBits(
                            "gradient " + i + ", " + threads + " threads", actual.get(i), expected.get(i));
                }
                expected = actual;
            }
        } finally {
            Parallel.setThreads(before);
        }
    }

    @Test
    void theBalanceLossOfEvenScoresIsAlphaAndIgnoresTheBias() {
        Tensor even = Tensor.full(0.5f, 16, E);
        for (int t = 0; t < 16; t++) {
            even.array()[t * E + t % E] = 0.6f;
        }
        assertThat(BalanceLoss.balanceLoss(even, 16, 1, 0.01f).item()).isCloseTo(0.01f, within(1e-8f));
        MoE moe = moe(configs().get(1));
        float before = BalanceLoss.balanceLoss(moe.forward(tokens()).routing(), 1, TOKENS, 1f)
                .item();
        moe.router().bias().array()[moe.router().bias().offset()] = 9f;
        Routing biased = moe.forward(tokens()).routing();
        assertThat(biased.counts()[0]).isEqualTo(TOKENS);
        assertThat(BalanceLoss.balanceLoss(biased, 1, TOKENS, 1f).item()).isEqualTo(before);
    }

    @Test
    void theBalanceLossIsTheMeanOverSequences() {
        Routing r = moe(configs().get(1)).forward(tokens()).routing();
        double sum = 0;
        for (int b = 0; b < 3; b++) {
            sum += BalanceLoss.balanceLoss(r.scores().slice(b * 15, (b + 1) * 15), 15, 2, 1f)
                    .item();
        }
        assertThat((double) BalanceLoss.balanceLoss(r, 3, 15, 1f).item()).isCloseTo(sum / 3, within(1e-6));
        assertThat(BalanceLoss.balanceLoss(r, 1, TOKENS, 1f).item()).isNotCloseTo((float) (sum / 3), within(1e-4f));
    }
}
