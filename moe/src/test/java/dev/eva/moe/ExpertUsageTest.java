package dev.eva.moe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import org.junit.jupiter.api.Test;

class ExpertUsageTest {
    private static Routing routing(int[] ids, float[] scores, int... counts) {
        Tensor s = Tensor.of(scores, ids.length, counts.length);
        return new Routing(Tensor.full(1f, ids.length, 1), IntTensor.of(ids, ids.length, 1), s, s, counts);
    }

    /** Eight tokens of one expert each, in two batches: shares 6/8, 1/8, 1/8, 0. */
    private static ExpertUsage uneven() {
        ExpertUsage usage = new ExpertUsage(4);
        usage.add(routing(new int[] {0, 0, 0, 0, 0, 1}, new float[24], 5, 1, 0, 0));
        usage.add(routing(new int[] {0, 2}, new float[8], 1, 0, 1, 0));
        return usage;
    }

    @Test
    void sharesAndWhatFollowsFromThem() {
        ExpertUsage usage = uneven();
        assertThat(usage.counts()).containsExactly(6, 1, 1, 0);
        assertThat(usage.utilisation()).containsExactly(0.75, 0.125, 0.125, 0);
        assertThat(usage.minUtilisation()).isZero();
        assertThat(usage.maxUtilisation()).isEqualTo(0.75);
        // Distances from 1/4: 1/2, 1/8, 1/8, 1/4.
        assertThat(usage.variance()).isCloseTo((0.25 + 2 / 64.0 + 1 / 16.0) / 4, within(1e-15));
        assertThat(usage.balanceScore()).isCloseTo(1 - 1 / 1.5, within(1e-15));
        assertThat(usage.maxVio()).isCloseTo(2, within(1e-15));
    }

    @Test
    void evenUseIsPerfectAndOneForAllIsTheWorst() {
        ExpertUsage even = new ExpertUsage(2);
        even.add(routing(new int[] {0, 1}, new float[] {1, 1, 1, 1}, 1, 1));
        assertThat(even.balanceScore()).isEqualTo(1);
        assertThat(even.maxVio()).isZero();
        assertThat(even.variance()).isZero();
        ExpertUsage one = new ExpertUsage(2);
        one.add(routing(new int[] {1, 1}, new float[] {1, 1, 1, 1}, 0, 2));
        assertThat(one.balanceScore()).isZero();
        assertThat(one.maxVio()).isEqualTo(1);
        assertThat(one.variance()).isEqualTo(0.25);
    }

    /** Tokens without preference, with one expert, with two, and with scores that do not sum to 1. */
    @Test
    void entropyIsTheMeanOverTokensOfNormalisedScores() {
        ExpertUsage usage = new ExpertUsage(4);
        float[] scores = {0.25f, 0.25f, 0.25f, 0.25f, 0, 1, 0, 0, 0.5f, 0, 0, 0.5f, 0.2f, 0.2f, 0.4f, 0};
        usage.add(routing(new int[] {0, 1, 0, 2}, scores, 2, 1, 1, 0));
        double ln2 = Math.log(2);
        assertThat(usage.routingEntropy()).isCloseTo((2 * ln2 + 0 + ln2 + 1.5 * ln2) / 4, within(1e-7));
        assertThat(usage.entropyRatio()).isCloseTo(4.5 / 8, within(1e-7));
        usage.add(routing(new int[] {0}, new float[] {0, 0, 3, 0}, 1, 0, 0, 0));
        assertThat(usage.routingEntropy()).isCloseTo(4.5 * ln2 / 5, within(1e-7));
    }

    @Test
    void resetForgetsAndEmptyIsFinite() {
        ExpertUsage usage = uneven();
        usage.reset();
        assertThat(usage.counts()).containsOnly(0);
        assertThat(usage.utilisation()).containsOnly(0);
        assertThat(usage.maxVio()).isZero();
        assertThat(usage.routingEntropy()).isZero();
        assertThat(usage.variance()).isFinite();
        assertThat(usage.balanceScore()).isFinite();
        assertThatThrownBy(() -> usage.add(routing(new int[] {0}, new float[3], 1, 0, 0)))
                .hasMessageContaining("3");
    }
}
