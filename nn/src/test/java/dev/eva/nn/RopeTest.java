package dev.eva.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.eva.nn.RopeConfig.Scaling.Yarn;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeTest {
    private static final int DIM = 64;

    private static Yarn yarn(double factor, double fast, double slow, Double mscale, Double allDim) {
        return new Yarn(factor, 4096, fast, slow, optional(mscale), optional(allDim));
    }

    private static OptionalDouble optional(Double x) {
        return x == null ? OptionalDouble.empty() : OptionalDouble.of(x);
    }

    @ParameterizedTest
    @CsvSource({
        "10000, 40, 32, 1, 1.0, 1.0, 10, 23, 1.0, 0.1352337788608801",
        "10000, 40, 32, 1, 0.707, 0.707, 10, 23, 1.0, 0.1147213867929261",
        "50000, 32, 1, 1, 1.0, 1.0, 19, 20, 1.0, 0.13086079996295005",
        "10000, 40, 32, 1, 1.0, 0.707, 10, 23, 1.0857263992561355, 0.1147213867929261",
        "10000, 40, 32, 1, , , 10, 23, 1.3688879454113936, 0.07216878364870322",
        "10000, 40, 32, 1, , 1.0, 10, 23, 1.3688879454113936, 0.1352337788608801",
        "10000, 1, 32, 1, 1.0, 1.0, 10, 23, 1.0, 0.07216878364870322",
    })
    void yarnConstantsOfReleasedModels(
            double theta,
            double factor,
            double fast,
            double slow,
            Double mscale,
            Double allDim,
            int low,
            int high,
            double multiplier,
            double softmaxScale) {
        Yarn yarn = yarn(factor, fast, slow, mscale, allDim);
        Rope rope = new Rope(new RopeConfig(theta, yarn), DIM, 10);
        assertThat(RopeFrequencies.ramp(yarn, theta, DIM)).isEqualTo(new RopeFrequencies.Ramp(low, high));
        assertThat(rope.multiplier()).isCloseTo(multiplier, within(1e-12));
        assertThat(rope.softmaxScale(192)).isCloseTo(softmaxScale, within(1e-13));
    }

    @Test
    void yarnKeepsHighFrequenciesDividesLowOnesAndRampsBetween() {
        float[] f = new Rope(new RopeConfig(10000, yarn(40, 32, 1, 1.0, 1.0)), DIM, 10).frequencies();
        for (int k = 0; k < DIM / 2; k++) {
            double plain = Math.pow(10000, -2.0 * k / DIM);
            double r = Math.clamp((k - 10) / 13.0, 0, 1);
            double expected = plain * (1 - r) + plain / 40 * r;
            assertThat((double) f[k]).isCloseTo(expected, within(expected * 5e-7));
        }
    }

    @Test
    void equalRampEndsMakeAStep() {
        RopeFrequencies.Ramp ramp = new RopeFrequencies.Ramp(3, 3);
        assertThat(ramp.at(3)).isZero();
        assertThat(ramp.at(4)).isEqualTo(1f);
    }

    @ParameterizedTest
    @CsvSource({"0, 1e-7", "1, 5e-7", "5, 5e-7", "300, 5e-5", "4096, 5e-4", "100000, 1e-2"})
    void tablesFollowTheFormula(int position, double tolerance) {
        Rope.Tables t = new Rope(RopeConfig.plain(10000), DIM, 163840).tables(position + 1);
        for (int k = 0; k < DIM / 2; k++) {
            double angle = position * Math.pow(10000, -2.0 * k / DIM);
            assertThat((double) t.cos()[position * DIM / 2 + k]).isCloseTo(Math.cos(angle), within(tolerance));
            assertThat((double) t.sin()[position * DIM / 2 + k]).isCloseTo(Math.sin(angle), within(tolerance));
        }
    }

    @Test
    void tablesGrowOnDemandAndKeepTheirValues() {
        Rope rope = new Rope(RopeConfig.plain(10000), 8, 163840);
        Rope.Tables small = rope.tables(3);
        Rope.Tables large = rope.tables(5000);
        assertThat(small.positions()).isLessThan(1000);
        assertThat(large.positions()).isBetween(5000, 10000);
        assertThat(large.cos()).startsWith(small.cos());
        assertThat(rope.tables(4000)).isSameAs(large);
        assertThat(rope.tables(163840).positions()).isEqualTo(163840);
    }

    @Test
    void aPositionBeyondTheContextIsSaid() {
        Rope rope = new Rope(RopeConfig.plain(10000), 8, 100);
        assertThatThrownBy(() -> rope.tables(101))
                .hasMessageContaining("position 100")
                .hasMessageContaining("100");
        assertThatThrownBy(() -> new Rope(RopeConfig.plain(10000), 7, 100)).hasMessageContaining("even");
    }

    @Test
    void scoresEqualTheHalfSplitFormOnPermutedVectors() {
        int dim = 16;
        SplittableRandom random = new SplittableRandom(5);
        Rope.Tables t = new Rope(RopeConfig.plain(100), dim, 64).tables(64);
        for (int trial = 0; trial < 20; trial++) {
            float[] q = vector(random, dim);
            float[] k = vector(random, dim);
            int i = random.nextInt(64);
            int j = random.nextInt(64);
            double interleaved = dot(rotated(t, q, i), rotated(t, k, j));
            double halfSplit = dot(halfSplit(t, deinterleave(q), i), halfSplit(t, deinterleave(k), j));
            assertThat(interleaved).isCloseTo(halfSplit, within(1e-5));
        }
    }

    @Test
    void scoresDependOnTheDistanceOfPositionsAlone() {
        Rope.Tables t = new Rope(RopeConfig.plain(100), 4, 64).tables(64);
        float[] q = {1f, 2f, -1f, 0.5f};
        float[] k = {0.3f, -1f, 2f, 1f};
        double score = dot(rotated(t, q, 7), rotated(t, k, 2));
        assertThat(dot(rotated(t, q, 45), rotated(t, k, 40))).isCloseTo(score, within(1e-5));
        assertThat(dot(rotated(t, q, 7), rotated(t, k, 3))).isNotCloseTo(score, within(1e-2));
    }

    @Test
    void rotateTransposedUndoesRotate() {
        Rope.Tables t = new Rope(RopeConfig.plain(100), 6, 64).tables(64);
        float[] x = {1, 2, 3, 4, 5, 6};
        float[] y = rotated(t, x, 13);
        t.rotateTransposed(13, y, 0, y, 0);
        for (int i = 0; i < 6; i++) {
            assertThat(y[i]).isCloseTo(x[i], within(1e-5f));
        }
    }

    private static float[] vector(SplittableRandom random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextDouble(-1, 1);
        }
        return x;
    }

    private static float[] rotated(Rope.Tables t, float[] x, int position) {
        float[] y = new float[x.length];
        t.rotate(position, x, 0, y, 0);
        return y;
    }

    private static float[] deinterleave(float[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length / 2; i++) {
            y[i] = x[2 * i];
            y[x.length / 2 + i] = x[2 * i + 1];
        }
        return y;
    }

    private static float[] halfSplit(Rope.Tables t, float[] x, int position) {
        int half = x.length / 2;
        float[] y = new float[x.length];
        for (int i = 0; i < half; i++) {
            float c = t.cos()[position * half + i];
            float s = t.sin()[position * half + i];
            y[i] = x[i] * c - x[half + i] * s;
            y[half + i] = x[half + i] * c + x[i] * s;
        }
        return y;
    }

    private static double dot(float[] a, float[] b) {
        double s = 0;
        for (int i = 0; i < a.length; i++) {
            s += (double) a[i] * b[i];
        }
        return s;
    }
}
