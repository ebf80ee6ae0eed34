package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.ColdStart;
import dev.eva.tensor.kernel.Gemm;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Scalar loops of a cold process give the bits of the kernels that follow them. */
class ColdStartTest {
    private static final long ENOUGH = 1L << 40;

    @AfterEach
    void warm() {
        ColdStart.allow(0);
    }

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static float[] cold(Supplier<float[]> work) {
        ColdStart.allow(ENOUGH);
        float[] result = work.get();
        // Else the test would compare a kernel with itself.
        assertThat(ColdStart.takes(ENOUGH)).isTrue();
        assertThat(ColdStart.takes(1)).isFalse();
        return result;
    }

    @Test
    void productsAndTheirPackedWeights() {
        Gemm gemm = new VectorGemm();
        for (int m : new int[] {1, 6, 11}) {
            for (int n : new int[] {1, 17, 48, 64, 131}) {
                for (int k : new int[] {1, 33, 800}) {
                    float[] a = random(m * k, 1);
                    float[] w = random(n * k, 2);
                    float[] bias = random(n, 3);
                    for (float beta : new float[] {0f, 1f}) {
                        Supplier<float[]> product = () -> {
                            float[] c = random(m * n, 4);
                            Gemm.Prepared b = gemm.prepare(1, k, n, w, 0, 0, 1, k, null);
                            gemm.multiply(m, a, 0, k, 1, b, bias, 0, beta, c, 0, n);
                            return c;
                        };
                        assertThat(cold(product))
                                .as("%d x %d x %d, beta %s", m, n, k, beta)
                                .containsExactly(product.get());
                    }
                }
            }
        }
    }

    @Test
    void swiGlu() {
        for (int f : new int[] {1, 15, 16, 77}) {
            float[] gateUp = random(3 * 2 * f, f);
            Supplier<float[]> act = () -> {
                float[] out = new float[3 * f];
                new VectorElementwise().swiGlu(3, f, gateUp, 0, out, 0);
                return out;
            };
            assertThat(cold(act)).containsExactly(act.get());
        }
    }

    @Test
    void sumsAndProductsOfElements() {
        VectorElementwise maps = new VectorElementwise();
        for (int n : new int[] {1, 15, 16, 77}) {
            float[] x = random(n, n);
            Supplier<float[]> all = () -> {
                float[] out = new float[3 * n];
                maps.add(n, x, 0, x, 0, out, 0);
                maps.scale(n, 0.3f, x, 0, out, n);
                maps.sigmoid(n, x, 0, out, 2 * n);
                return out;
            };
            assertThat(cold(all)).containsExactly(all.get());
        }
    }

    @Test
    void rmsNorm() {
        for (int d : new int[] {1, 7, 16, 48, 64, 77, 256}) {
            float[] x = random(3 * d, d);
            float[] weight = random(d, 2);
            Supplier<float[]> norm = () -> {
                float[] out = new float[3 * d + 3];
                new VectorNormalization().rmsNorm(3, d, 1e-6f, x, 0, weight, 0, out, 0, out, 3 * d);
                return out;
            };
            assertThat(cold(norm)).containsExactly(norm.get());
        }
    }

    @Test
    void attention() {
        for (int t : new int[] {1, 5, 8, 11, 33, 130}) {
            for (int from : new int[] {0, t / 2}) {
                for (float special : new float[] {1f, -0f, Float.NEGATIVE_INFINITY, Float.NaN, 1e30f}) {
                    attention(t, from, special);
                }
            }
        }
    }

    private static void attention(int t, int from, float special) {
        int h = 19;
        int hv = 37;
        float[] q = random((t - from) * h, 1);
        float[] k = random(t * h, 2);
        k[t / 3 * h + 4] = special;
        float[] v = random(t * hv, 3);
        Supplier<float[]> attention = () -> {
            float[] out = new float[(t - from) * (hv + 1)];
            int lse = (t - from) * hv;
            new VectorAttention().forwardFrom(from, t, h, hv, 0.7f, q, 0, k, 0, v, 0, out, 0, hv, out, lse);
            return out;
        };
        assertThat(cold(attention))
                .as("%d of %d, with %s", t - from, t, special)
                .containsExactly(attention.get());
    }

    @Test
    void anAllowanceEnds() {
        ColdStart.allow(10);
        assertThat(ColdStart.takes(6)).isTrue();
        assertThat(ColdStart.takes(6)).isTrue();
        assertThat(ColdStart.takes(6)).isFalse();
    }
}
