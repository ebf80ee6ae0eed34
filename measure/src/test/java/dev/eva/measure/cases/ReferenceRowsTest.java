package dev.eva.measure.cases;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.kernel.Gemm;
import org.junit.jupiter.api.Test;

class ReferenceRowsTest {
    private static final int M = 2000;
    private static final int N = 300;
    private static final int K = 256;

    @Test
    void oneWrongElementOfALargeProductIsFoundWhereverItIs() {
        float[] a = Draw.uniform(M * K, 1);
        float[] b = Draw.uniform(K * N, 2);
        Gemm.Prepared w = Gemm.REFERENCE.prepare(1, K, N, b, 0, 0, N, 1, null);
        float[] c = new float[M * N];
        Gemm.REFERENCE.multiply(M, a, 0, K, 1, w, null, 0, 0f, c, 0, N);
        ReferenceRows rows = new ReferenceRows(M, N, K, a, w);

        assertThatCode(() -> rows.verify("right", c, 1e-5)).doesNotThrowAnyException();
        for (int at : new int[] {0, 3 * N + 7, 1234 * N + 299, M * N - 1}) {
            float was = c[at];
            c[at] += 0.05f;
            assertThatThrownBy(() -> rows.verify("wrong", c, 1e-5))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("wrong result");
            c[at] = was;
        }
    }
}
