package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.testing.TensorAssert;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("kernels")
class RouterTest {
    private static final int TOKENS = 150;

    /** What makes the logits and biases of a problem special. */
    private enum Variant {
        PLAIN,
        NEGATIVE_BIAS,
        TIES,
        TINY_SCORES
    }

    private record Problem(MoeConfig config, Variant variant) {}

    private static MoeConfig config(int experts, int k, RoutingMethod method, boolean normalise, double factor) {
        return new MoeConfig(3, experts, 0, k, 1, method, normalise, factor);
    }

    static List<Problem> problems() {
        List<Problem> all = new ArrayList<>();
        for (Variant v : Variant.values()) {
            all.add(new Problem(config(1, 1, new RoutingMethod.NoauxTc(1, 1), true, 1), v));
            all.add(new Problem(config(37, 5, new RoutingMethod.NoauxTc(1, 1), true, 2.446), v));
            for (int groups = 1; groups <= 16; groups *= 2) {
                int kept = Math.max(1, groups / 2);
                int k = Math.min(4, kept * 32 / groups);
                all.add(new Problem(config(32, k, new RoutingMethod.NoauxTc(groups, kept), true, 2.5), v));
                all.add(new Problem(config(32, k, new RoutingMethod.NoauxTc(groups, kept), false, 1), v));
            }
        }
        for (Variant v : List.of(Variant.PLAIN, Variant.TIES)) {
            all.add(new Problem(config(37, 6, new RoutingMethod.Greedy(), false, 1), v));
            for (int groups = 1; groups <= 16; groups *= 2) {
                int kept = Math.max(1, groups / 3);
                int k = Math.min(3, kept * 32 / groups);
                all.add(new Problem(config(32, k, new RoutingMethod.GroupLimitedGreedy(groups, kept), true, 16), v));
            }
        }
        return all;
    }

    /** Rows are drawn again where float32 may decide otherwise than float64. */
    @ParameterizedTest
    @MethodSource("problems")
    void choicesAndWeightsAreThoseOfTheEquations(Problem p) {
        SplittableRandom random = new SplittableRandom(p.toString().hashCode());
        MoeConfig c = p.config;
        int experts = c.nRoutedExperts();
        double[] bias = new double[experts];
        Arrays.setAll(bias, e -> (float) bias(p.variant, random));
        List<MoeOracle.Choice> expected = new ArrayList<>();
        float[] logits = new float[TOKENS * experts];
        for (int t = 0; t < TOKENS; t++) {
            double[] row = new double[experts];
            MoeOracle.Choice choice;
            do {
                Arrays.setAll(row, e -> (float) logit(p.variant, random));
                choice = MoeOracle.route(c, row, bias);
            } while (choice.margin() < (p.variant == Variant.TINY_SCORES ? 1e-4 : 2e-6));
            expected.add(choice);
            for (int e = 0; e < experts; e++) {
                logits[t * experts + e] = (float) row[e];
            }
        }
        compare(c, router(c, bias).route(Tensor.of(logits, TOKENS, experts)), expected);
    }

    private static void compare(MoeConfig c, Routing actual, List<MoeOracle.Choice> expected) {
        int k = c.numExpertsPerTok();
        int[] counts = new int[c.nRoutedExperts()];
        for (int t = 0; t < TOKENS; t++) {
            MoeOracle.Choice e = expected.get(t);
            assertThat(Arrays.copyOfRange(actual.expertIds().array(), t * k, (t + 1) * k))
                    .as("token %d", t)
                    .isEqualTo(e.ids());
            float[] weights = Arrays.copyOfRange(actual.weights().toArray(), t * k, (t + 1) * k);
            TensorAssert.assertClose("weights of token " + t, weights, e.weights(), 1e-30, 1e-5);
            for (int id : e.ids()) {
                counts[id]++;
            }
        }
        assertThat(actual.counts()).isEqualTo(counts);
    }

    private static double logit(Variant v, SplittableRandom r) {
        return switch (v) {
            case PLAIN, NEGATIVE_BIAS -> 2 * r.nextGaussian();
            // Not symmetric: pairs of different scores must not have the same sum but for rounding.
            case TIES -> 0.7 * r.nextInt(4) - 0.9;
            case TINY_SCORES -> -18.4 + 0.5 * r.nextGaussian();
        };
    }

    private static double bias(Variant v, SplittableRandom r) {
        return switch (v) {
            case PLAIN -> 0.1 * r.nextGaussian();
            case NEGATIVE_BIAS -> -1.5 + 0.4 * r.nextGaussian();
            case TIES -> 0.25;
            case TINY_SCORES -> 12 + r.nextGaussian();
        };
    }

    private static Router router(MoeConfig c, double... bias) {
        float[] b = new float[bias.length];
        for (int e = 0; e < b.length; e++) {
            b[e] = (float) bias[e];
        }
        return new Router(c, Tensor.zeros(c.nRoutedExperts(), c.hiddenSize()), Tensor.of(b, b.length));
    }

    private static Routing one(Router router, float... logits) {
        return router.route(Tensor.of(logits, 1, logits.length));
    }

    /** Logit of a sigmoid score. */
    private static float logit(double score) {
        return (float) Math.log(score / (1 - score));
    }

    /** Group 0 wins with scores + biases 0.3 and -0.2; a masked expert at zero would outrank the latter. */
    @Test
    void maskedGroupsLoseToNegativeScores() {
        MoeConfig c = config(4, 2, new RoutingMethod.NoauxTc(2, 1), true, 1);
        Routing r = one(router(c, 0, -0.6, -0.9, -0.9), logit(0.3), logit(0.4), logit(0.5), logit(0.5));
        assertThat(r.expertIds().array()).containsExactly(0, 1);
    }

    @Test
    void moreExpertsThanTheKeptGroupsHoldAreRefused() {
        assertThatThrownBy(() -> config(8, 5, new RoutingMethod.NoauxTc(2, 1), true, 1))
                .hasMessageContaining("num_experts_per_tok")
                .hasMessageContaining("4");
        assertThatThrownBy(() -> config(8, 1, new RoutingMethod.NoauxTc(8, 1), true, 1))
                .hasMessageContaining("n_group");
        assertThat(config(8, 4, new RoutingMethod.NoauxTc(2, 1), true, 1).numExpertsPerTok())
                .isEqualTo(4);
    }

    /** In float32, 12 + 1e-8 is 12: weights from biased scores, or from them minus the bias, are equal or lost. */
    @Test
    void weightsComeFromScoresWithoutBias() {
        MoeConfig c = config(3, 2, new RoutingMethod.NoauxTc(1, 1), true, 1);
        Routing r = one(router(c, 12, 12.5, 0), logit(3e-8), logit(1e-8), logit(0.9));
        assertThat(r.expertIds().array()).containsExactly(0, 1);
        assertThat(r.weights().get(0)).isCloseTo(0.75f, within(1e-5f));
        assertThat(r.weights().get(1)).isCloseTo(0.25f, within(1e-5f));
        assertThat(r.scores().get(2)).isCloseTo(0.9f, within(1e-6f));
    }

    /** Group 0 has the best expert, group 1 the best pair. */
    @Test
    void groupsCompeteByTheirTwoBestWithBiasAndByTheBestWithout() {
        float[] logits = {logit(0.9), logit(0.1), logit(0.7), logit(0.6)};
        MoeConfig v3 = config(4, 1, new RoutingMethod.NoauxTc(2, 1), true, 1);
        MoeConfig v2 = config(4, 1, new RoutingMethod.GroupLimitedGreedy(2, 1), false, 1);
        assertThat(one(router(v3, 0, 0, 0, 0), logits).expertIds().array()).containsExactly(2);
        assertThat(one(router(v2, 0, 0, 0, 0), logits).expertIds().array()).containsExactly(0);
    }

    @Test
    void theScalingFactorActsOnceAndAfterNormalisation() {
        float[] logits = {1, 0.5f, -1, 2};
        RoutingMethod noaux = new RoutingMethod.NoauxTc(1, 1);
        Routing normalised = one(router(config(4, 2, noaux, true, 2.5), 0, 0, 0, 0), logits);
        assertThat(normalised.weights().get(0) + normalised.weights().get(1)).isCloseTo(2.5f, within(1e-6f));
        Routing raw = one(router(config(4, 2, noaux, false, 2.5), 0, 0, 0, 0), logits);
        assertThat(raw.weights().get(0)).isCloseTo((float) (2.5 / (1 + Math.exp(-1))), within(1e-6f));
        Routing softmax = one(router(config(4, 2, new RoutingMethod.Greedy(), true, 16), 0, 0, 0, 0), logits);
        double sum = Math.exp(1) + Math.exp(0.5) + Math.exp(-1) + Math.exp(2);
        assertThat(softmax.weights().get(1)).isCloseTo((float) (16 * Math.exp(2) / sum), within(1e-5f));
    }

    /** Both differences vanish in bfloat16, and the lower index would win. */
    @Test
    void logitsAndBiasesKeepFloat32() {
        MoeConfig c = config(2, 1, new RoutingMethod.NoauxTc(1, 1), true, 1);
        assertThat(one(router(c, 0, 0), 1f, 1.001f).expertIds().array()).containsExactly(1);
        assertThat(one(router(c, 12, 12.001), 1f, 1f).expertIds().array()).containsExactly(1);
        Router router = new Router(c, Tensor.of(new float[] {1f, 0, 0, 1.001f, 0, 0}, 2, 3), Tensor.zeros(2));
        assertThat(router.forward(Tensor.of(new float[] {1, 0, 0}, 1, 3))
                        .expertIds()
                        .array())
                .containsExactly(1);
    }

    @Test
    void logitsThatAreNoNumbersStillGiveKExperts() {
        for (RoutingMethod m : List.of(new RoutingMethod.NoauxTc(2, 1), new RoutingMethod.GroupLimitedGreedy(2, 1))) {
            Routing r = one(router(config(4, 2, m, true, 1), 0, 0, 0, 0), Float.NaN, 1, Float.NaN, Float.NaN);
            assertThat(r.expertIds().get(0)).isBetween(0, 2);
            assertThat(r.expertIds().get(1)).isBetween(r.expertIds().get(0) + 1, 3);
        }
    }

    @Test
    void scoresThatAllUnderflowGiveWeightsOfZero() {
        MoeConfig c = config(3, 2, new RoutingMethod.NoauxTc(1, 1), true, 2.5);
        assertThat(one(router(c, 0, 0, 0), -200, -200, -200).weights().toArray())
                .containsExactly(0f, 0f);
    }

    @Test
    void softmaxRoutersHaveNoBias() {
        assertThat(router(config(4, 2, new RoutingMethod.Greedy(), false, 1), 9, 0, 0, 0)
                        .bias())
                .isNull();
        Routing r = one(router(config(3, 1, new RoutingMethod.Greedy(), false, 1), 9, 0, 0), 0, 1, 2);
        assertThat(r.expertIds().array()).containsExactly(2);
    }

    @Test
    void theNumberOfThreadsChangesNoBit() {
        int before = Parallel.threads();
        MoeConfig c = config(37, 5, new RoutingMethod.NoauxTc(1, 1), true, 2.5);
        Tensor logits = Tensor.randn(new SplittableRandom(4), 0, 1, 1000, 37);
        try {
            Parallel.setThreads(1);
            Routing one = router(c, new double[37]).route(logits);
            for (int threads = 2; threads <= 3; threads++) {
                Parallel.setThreads(threads);
                Routing many = router(c, new double[37]).route(logits);
                assertThat(many.expertIds().array()).isEqualTo(one.expertIds().array());
                TensorAssert.assertSameBits(
                        "weights", many.weights().toArray(), one.weights().toArray());
            }
        } finally {
            Parallel.setThreads(before);
        }
    }
}
