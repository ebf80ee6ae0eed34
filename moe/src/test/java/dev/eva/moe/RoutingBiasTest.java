package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Tensor;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RoutingBiasTest {
    @Test
    void overloadedGoDownUnderloadedUpEvenStay() {
        Tensor bias = Tensor.of(new float[] {1f, 0f, -1f}, 3);
        int version = bias.version();
        RoutingBias.update(bias, new long[] {9, 6, 3}, 0.5f);
        assertThat(bias.toArray()).containsExactly(0.5f, 0f, -0.5f);
        assertThat(bias.version()).isNotEqualTo(version);
    }

    /** The mean of 1, 2, 2, 2 is 1.75: rounded to 2, three experts would stay. */
    @Test
    void theMeanIsNotRounded() {
        Tensor bias = Tensor.zeros(4);
        RoutingBias.update(bias, new long[] {1, 2, 2, 2}, 0.5f);
        assertThat(bias.toArray()).containsExactly(0.5f, -0.5f, -0.5f, -0.5f);
    }

    @Test
    void gammaZeroAndNoTokensChangeNothing() {
        Tensor bias = Tensor.full(0.25f, 2);
        RoutingBias.update(bias, new long[] {5, 1}, 0f);
        RoutingBias.update(bias, new long[] {0, 0}, 1f);
        assertThat(bias.toArray()).containsExactly(0.25f, 0.25f);
        assertThatThrownBy(() -> RoutingBias.update(bias, new long[3], 1f)).hasMessageContaining("3");
    }

    @Test
    void skewedLogitsComeIntoBalance() {
        int experts = 16;
        MoeConfig c = new MoeConfig(1, experts, 0, 4, 1, new RoutingMethod.NoauxTc(1, 1), true, 1);
        Tensor bias = Tensor.zeros(experts);
        Router router = new Router(c, Tensor.zeros(experts, 1), bias);
        SplittableRandom random = new SplittableRandom(11);
        ExpertUsage before = new ExpertUsage(experts);
        ExpertUsage after = new ExpertUsage(experts);
        for (int step = 0; step < 500; step++) {
            Routing r = router.route(skewed(random, 256, experts));
            if (step < 20) {
                before.add(r);
            }
            if (step >= 440) {
                after.add(r);
            }
            RoutingBias.update(bias, widen(r.counts()), 0.002f);
        }
        assertThat(before.maxVio()).isGreaterThan(0.5);
        assertThat(after.maxVio()).isLessThan(0.1);
        assertThat(after.balanceScore()).isGreaterThan(0.95);
    }

    /** Later experts are liked more. */
    private static Tensor skewed(SplittableRandom random, int tokens, int experts) {
        Tensor logits = Tensor.randn(random, 0, 1, tokens, experts);
        for (int i = 0; i < logits.size(); i++) {
            logits.array()[i] += 1.5f * (i % experts) / experts;
        }
        return logits;
    }

    private static long[] widen(int[] counts) {
        long[] wide = new long[counts.length];
        java.util.Arrays.setAll(wide, e -> counts[e]);
        return wide;
    }
}
