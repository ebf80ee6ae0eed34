package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.Attention;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link VectorAttention} against the reference, which sums in double precision. */
class VectorAttentionTest {
    private static final Attention FAST = new VectorAttention();
    private static final float CANARY = 77f;

    /** One head; out has rows wider than hv, as when heads stand side by side. */
    private static final class Head {
        final int t;
        final int h;
        final int hv;
        final int outRow;
        final float scale;
        final float[] q;
        final float[] k;
        final float[] v;
        final float[] dOut;
        final float[] out;
        final float[] lse;
        final float[] dq;
        final float[] dk;
        final float[] dv;

        Head(int t, int h, int hv, float size) {
            this.t = t;
            this.h = h;
            this.hv = hv;
            this.outRow = hv + 5;
            this.scale = (float) (1 / Math.sqrt(h));
            Random random = new Random(31L * t + h);
            q = values(2 + t * h, size, random);
            k = values(1 + t * h, size, random);
            v = values(3 + t * hv, 1f, random);
            dOut = values(1 + t * outRow, 1f, random);
            out = filled(4 + t * outRow);
            lse = filled(2 + t);
            dq = filled(1 + t * h + 1);
            dk = filled(2 + t * h + 1);
            dv = filled(3 + t * hv + 1);
        }

        private static float[] values(int size, float range, Random random) {
            float[] x = VectorGemmTest.values(size, random);
            for (int i = 0; i < size; i++) {
                x[i] *= range;
            }
            return x;
        }

        private static float[] filled(int size) {
            float[] x = new float[size];
            Arrays.fill(x, CANARY);
            return x;
        }

        Head run(Attention attention) {
            attention.forward(t, h, hv, scale, q, 2, k, 1, v, 3, out, 4, outRow, lse, 2);
            backward(attention, out);
            return this;
        }

        Head backward(Attention attention, float[] known) {
            attention.backward(
                    t, h, hv, scale, q, 2, k, 1, v, 3, known, dOut, 4, 1, outRow, lse, 2, dq, 1, dk, 2, dv, 3);
            return this;
        }
    }

    private static void assertClose(String what, float[] actual, float[] expected) {
        double size = 0;
        for (float e : expected) {
            size = Math.max(size, e == CANARY ? 0 : Math.abs(e));
        }
        for (int i = 0; i < expected.length; i++) {
            boolean close = expected[i] == CANARY
                    ? actual[i] == CANARY
                    : Math.abs(actual[i] - expected[i]) <= 1e-5 * Math.max(1, size);
            if (!close) {
                assertThat(actual[i]).as("%s[%d]", what, i).isEqualTo(expected[i]);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1,16,16,1",
        "2,17,16,1",
        "7,16,24,1",
        "16,48,32,1",
        "17,32,32,1",
        "33,24,40,1",
        "64,32,32,1",
        "65,64,64,4",
        "96,33,65,1",
        "97,192,128,1",
        "130,40,16,3",
        "256,32,32,1",
        "301,80,64,2",
        "700,16,16,1"
    })
    void agreesWithTheReference(int t, int h, int hv, float size) {
        Head fast = new Head(t, h, hv, size).run(FAST);
        Head slow = new Head(t, h, hv, size).run(Attention.REFERENCE);
        assertClose("out", fast.out, slow.out);
        assertClose("lse", fast.lse, slow.lse);
        assertGradientsClose(fast, slow);
        assertGradientsClose(fast.backward(FAST, null), slow);
        assertGradientsClose(fast, slow.backward(Attention.REFERENCE, null));
    }

    private static void assertGradientsClose(Head fast, Head slow) {
        assertClose("dq", fast.dq, slow.dq);
        assertClose("dk", fast.dk, slow.dk);
        assertClose("dv", fast.dv, slow.dv);
    }

    @Test
    void largeScoresNeitherOverflowNorVanish() {
        Head fast = new Head(40, 16, 16, 60f).run(FAST);
        Head slow = new Head(40, 16, 16, 60f).run(Attention.REFERENCE);
        assertThat(fast.lse).doesNotContain(Float.NaN);
        for (int i = 0; i < 40; i++) {
            assertThat(Math.abs(fast.lse[2 + i] - slow.lse[2 + i])).isLessThan(1e-2f);
        }
        for (float x : fast.dq) {
            assertThat(x).isFinite();
        }
    }

    @Test
    void aRowDoesNotDependOnLaterOnes() {
        Head whole = new Head(150, 32, 48, 1f).run(FAST);
        float[] out = new float[131 * 48];
        float[] lse = new float[131];
        FAST.forward(131, 32, 48, whole.scale, whole.q, 2, whole.k, 1, whole.v, 3, out, 0, 48, lse, 0);
        for (int i = 0; i < 131; i++) {
            assertThat(lse[i]).isEqualTo(whole.lse[2 + i]);
            for (int d = 0; d < 48; d++) {
                assertThat(out[i * 48 + d]).isEqualTo(whole.out[4 + i * whole.outRow + d]);
            }
        }
    }

    @Test
    void leftoversOfALargerHeadDoNotShow() {
        Head first = new Head(130, 40, 16, 1f).run(FAST);
        new Head(301, 80, 64, 2f).run(FAST);
        Head again = new Head(130, 40, 16, 1f).run(FAST);
        assertThat(again.out).isEqualTo(first.out);
        assertThat(again.dk).isEqualTo(first.dk);
    }

    @ParameterizedTest
    @CsvSource({"150,32,48,1", "150,32,48,101", "150,32,48,149", "97,24,40,95"})
    void rowsAloneHaveTheBitsOfTheWhole(int t, int h, int hv, int from) {
        for (Attention attention : new Attention[] {FAST, Attention.REFERENCE}) {
            Head whole = new Head(t, h, hv, 1f).run(attention);
            float[] out = new float[(t - from) * hv];
            float[] lse = new float[t - from];
            attention.forwardFrom(
                    from, t, h, hv, whole.scale, whole.q, 2 + from * h, whole.k, 1, whole.v, 3, out, 0, hv, lse, 0);
            for (int i = from; i < t; i++) {
                int to = 4 + i * whole.outRow;
                assertThat(lse[i - from]).isEqualTo(whole.lse[2 + i]);
                assertThat(Arrays.copyOfRange(out, (i - from) * hv, (i - from + 1) * hv))
                        .isEqualTo(Arrays.copyOfRange(whole.out, to, to + hv));
            }
        }
    }

    @Test
    void aQueryThatIsNotANumberShowsInItsRowAlone() {
        Head sound = new Head(60, 16, 16, 1f).run(FAST);
        Head broken = new Head(60, 16, 16, 1f);
        broken.q[2 + 31 * 16 + 5] = Float.NaN;
        broken.run(FAST);
        for (int i = 0; i < 60; i++) {
            float[] row = Arrays.copyOfRange(broken.out, 4 + i * broken.outRow, 4 + i * broken.outRow + 16);
            if (i == 31) {
                assertThat(row).containsOnly(Float.NaN);
            } else {
                assertThat(row)
                        .isEqualTo(Arrays.copyOfRange(sound.out, 4 + i * sound.outRow, 4 + i * sound.outRow + 16));
            }
        }
    }
}
