package dev.eva.tensor.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.tensor.kernel.Peak;
import org.junit.jupiter.api.Test;

class VectorPeakTest {
    @Test
    void chainsDoWhatTheReferenceDoes() {
        float[] vector = {7f, 0f, 7f};
        float[] reference = vector.clone();
        for (int turns : new int[] {1, 2, 5, 100}) {
            double flops = new VectorPeak().multiplyAdd(turns, 0.75f, vector, 1);
            double one = Peak.REFERENCE.multiplyAdd(turns, 0.75f, reference, 1);
            assertThat(vector[1]).isCloseTo(reference[1], within(1e-5f));
            assertThat(flops).isGreaterThan(one).isEqualTo(turns * new VectorPeak().multiplyAdd(1, 0.75f, vector, 1));
        }
        assertThat(vector[0]).isEqualTo(7f);
        assertThat(vector[2]).isEqualTo(7f);
    }

    @Test
    void everyValueIsRead() {
        for (int n : new int[] {0, 1, 7, 32, 33, 64, 129}) {
            float[] x = new float[n + 3];
            for (int i = 0; i < x.length; i++) {
                x[i] = i * i;
            }
            assertThat(new VectorPeak().read(n, x, 2)).isEqualTo(Peak.REFERENCE.read(n, x, 2));
        }
    }
}
