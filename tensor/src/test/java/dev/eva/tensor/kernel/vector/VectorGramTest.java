package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorGramTest {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private final int threads = Parallel.threads();

    @AfterEach
    void reset() {
        Parallel.setThreads(threads);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "0, 3", "3, 2", "7, 16", "5, 17", "40, 39", "100, 64", "9, 131", "1601, 70", "300, 333"})
    void isTheWholeProductToTheBit(int m, int n) {
        Random random = new Random(m + n);
        int row = n + 5;
        float[] z = VectorGemmTest.values(2 + m * row, random);
        float[] expected = new float[n * n];
        GEMM.multiplyGroupedTransposed(1, n, n, new int[] {0, m}, z, 2, row, z, 2, row, 0f, expected, 0);
        float[] slow = new float[n * n];
        Gemm.REFERENCE.gram(m, n, z, 2, row, slow, 0);
        for (int count : new int[] {1, 3}) {
            Parallel.setThreads(count);
            float[] c = new float[3 + n * n + 3];
            Arrays.fill(c, Float.NaN);
            GEMM.gram(m, n, z, 2, row, c, 3);
            assertThat(Arrays.copyOfRange(c, 3, 3 + n * n)).isEqualTo(expected);
            assertThat(c[2]).isNaN();
            assertThat(c[3 + n * n]).isNaN();
        }
        assertThat(expected).usingComparatorWithPrecision(1e-4f).containsExactly(slow);
    }
}
