package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.gpu.OpenClDevices.Device;
import dev.eva.tensor.kernel.Gemm;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products of both kernels against the reference: odd sizes, layouts, groups with and without rows, weights that are
 * written again, arrays that are several operands at once or that the collector moves.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceGemmTest {
    private static final String SMALLEST = "eva.opencl.smallest";
    private static final int[] SIZES = {1, 3, 4, 15, 16, 17, 33, 64, 67, 130};

    @BeforeAll
    void everySizeOnTheDevice() {
        NeedsDevice.check();
        System.setProperty(SMALLEST, "1");
    }

    @AfterAll
    void asBefore() {
        System.clearProperty(SMALLEST);
    }

    /** All tiles that a device may be given, and the choice among them. */
    static Stream<Arguments> ways() {
        return Stream.of("tile:8", "tile:1", "tile:32", "local:128", "local:64", "local:32", "local")
                .map(Arguments::of);
    }

    static DeviceGemm gemm(String tile) {
        System.setProperty("eva.opencl.tile", tile);
        try {
            Device device = DeviceChoice.chosen();
            DeviceGemm gemm = new DeviceGemm(DeviceSession.open(device), Gemm.REFERENCE);
            gemm.products();
            return gemm;
        } finally {
            System.clearProperty("eva.opencl.tile");
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void productsInEveryLayout(String tile) {
        DeviceGemm gemm = gemm(tile);
        Random random = new Random(1);
        for (int m : SIZES) {
            for (int layout = 0; layout < 8; layout++) {
                int n = SIZES[random.nextInt(SIZES.length)];
                int k = SIZES[random.nextInt(SIZES.length)];
                product(gemm, m, n, k, layout, random);
            }
        }
        product(gemm, 70, 200, 300, 0, random);
    }

    /** Three products with one operand: where it lies, resident, and written again. */
    private static void product(Gemm gemm, int m, int n, int k, int layout, Random random) {
        int gap = layout >> 2;
        boolean turnedA = (layout & 1) != 0;
        boolean turnedB = (layout & 2) != 0;
        int aRow = turnedA ? 1 : k + gap;
        int aCol = turnedA ? m + gap : 1;
        int bRow = turnedB ? 1 : n + gap;
        int bCol = turnedB ? k + gap : 1;
        float[] a = values(3 + (m + gap) * (k + gap), random);
        float[] b = values(3 + (k + gap) * (n + gap), random);
        float[] bias = values(n, random);
        Gemm.Prepared prepared = null;
        for (int use = 0; use < 3; use++) {
            if (use != 1) {
                b = use == 0 ? b : values(b.length, random);
                prepared = gemm.prepare(1, k, n, b, 3, 0, bRow, bCol, prepared);
            }
            float beta = use == 1 ? 1f : 0f;
            float[] c = values(2 + m * (n + gap), random);
            float[] expected = c.clone();
            gemm.multiply(m, a, 3, aRow, aCol, prepared, use == 2 ? bias : null, 0, beta, c, 2, n + gap);
            Gemm.Prepared view = Gemm.REFERENCE.prepare(1, k, n, b, 3, 0, bRow, bCol, null);
            Gemm.REFERENCE.multiply(m, a, 3, aRow, aCol, view, use == 2 ? bias : null, 0, beta, expected, 2, n + gap);
            close(c, expected, k, m + "x" + n + "x" + k + ", layout " + layout + ", use " + use);
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void groupsInOneLaunch(String tile) {
        DeviceGemm gemm = gemm(tile);
        Random random = new Random(2);
        int[] starts = {2, 7, 7, 75, 80};
        int groups = starts.length - 1;
        int k = 37;
        int n = 50;
        float[] w = values(groups * n * k, random);
        float[] x = values(80 * k, random);
        Gemm.Prepared prepared = gemm.prepare(groups, k, n, w, 0, n * k, 1, k, null);
        Gemm.Prepared view = Gemm.REFERENCE.prepare(groups, k, n, w, 0, n * k, 1, k, null);
        for (int use = 0; use < 2; use++) {
            float[] y = values(80 * n, random);
            float[] expected = y.clone();
            gemm.multiplyGrouped(starts, x, 0, k, 1, prepared, use, y, 0, n);
            Gemm.REFERENCE.multiplyGrouped(starts, x, 0, k, 1, view, use, expected, 0, n);
            close(y, expected, k, "grouped, use " + use);

            float[] dW = values(groups * n * k, random);
            float[] expectedGradient = dW.clone();
            gemm.multiplyGroupedTransposed(groups, n, k, starts, y, 0, n, x, 0, k, use, dW, 0);
            Gemm.REFERENCE.multiplyGroupedTransposed(groups, n, k, starts, y, 0, n, x, 0, k, use, expectedGradient, 0);
            close(dW, expectedGradient, 80, "gradient, use " + use);
        }
    }

    /** Seconds are counted from the first question on, and the products stay what they are. */
    @ParameterizedTest
    @MethodSource("ways")
    void transfersAreTimed(String tile) {
        DeviceGemm gemm = gemm(tile);
        Random random = new Random(4);
        assertThat(gemm.transferSeconds()).isZero();
        product(gemm, 33, 40, 50, 0, random);
        assertThat(gemm.transferSeconds()).isPositive();
        assertThat(gemm.transferSeconds()).isZero();
    }

    /** Weights that come and go leave the others as they are, wherever the collector puts the arrays. */
    @ParameterizedTest
    @MethodSource("ways")
    void residentWeightsOutliveOthers(String tile) throws InterruptedException {
        DeviceGemm gemm = gemm(tile);
        Random random = new Random(5);
        int[] lengths = {16, 48, 32, 80, 64};
        List<Gemm.Prepared> kept = new ArrayList<>();
        List<float[]> values = new ArrayList<>();
        int k = 20;
        float[] x = values(k, random);
        for (int round = 0; round < 12; round++) {
            for (int n : lengths) {
                float[] w = values(k * n, random);
                // The second one is dropped at once.
                for (int copy = 0; copy < 2; copy++) {
                    Gemm.Prepared p = gemm.prepare(1, k, n, w, 0, 0, 1, k, null);
                    gemm.multiply(1, x, 0, k, 1, p, null, 0, 0f, new float[n], 0, n);
                    if (copy == 0 && random.nextBoolean()) {
                        kept.add(p);
                        values.add(w);
                    }
                }
            }
            System.gc();
            Thread.yield();
            for (int i = 0; i < kept.size(); i++) {
                int n = kept.get(i).n;
                float[] y = new float[n];
                float[] expected = new float[n];
                gemm.multiply(1, x, 0, k, 1, kept.get(i), null, 0, 0f, y, 0, n);
                Gemm.Prepared view = Gemm.REFERENCE.prepare(1, k, n, values.get(i), 0, 0, 1, k, null);
                Gemm.REFERENCE.multiply(1, x, 0, k, 1, view, null, 0, 0f, expected, 0, n);
                close(y, expected, k, "round " + round + ", weight " + i);
            }
        }
    }

    /** A matrix times itself, into itself, and again after it was written. */
    @ParameterizedTest
    @MethodSource("ways")
    void operandsThatAreOneArray(String tile) {
        DeviceGemm gemm = gemm(tile);
        Random random = new Random(6);
        int n = 33;
        float[] x = values(2 * n * n, random);
        for (int use = 0; use < 3; use++) {
            float[] expected = x.clone();
            Gemm.Prepared view = Gemm.REFERENCE.prepare(1, n, n, x, 0, 0, n, 1, null);
            Gemm.REFERENCE.multiply(n, x.clone(), 0, n, 1, view, null, 0, 0f, expected, n * n, n);
            Gemm.Prepared b = gemm.prepare(1, n, n, x, 0, 0, n, 1, null);
            gemm.multiply(n, x, 0, n, 1, b, null, 0, 0f, x, n * n, n);
            close(x, expected, n, "use " + use);
            x[random.nextInt(n * n)] += 1f;
        }
    }

    /** Few rows and small products take lower tiles: so that units have work, and items no rows that are not there. */
    @Test
    void heightsFollowProducts() {
        DeviceProducts chosen = gemm("local").products();
        assertThat(chosen.table(4096, 0, 8).tileRows()).isEqualTo(32);
        assertThat(chosen.table(4096, 0, 1 << 14).tileRows()).isEqualTo(128);
        assertThat(chosen.table(4096, 0, 20, 40, 60, 80).tileRows()).isEqualTo(32);
        assertThat(gemm("local<=64").products().table(4096, 0, 1 << 14).tileRows())
                .isEqualTo(64);
        assertThat(gemm("local:128").products().table(4096, 0, 8).tileRows()).isEqualTo(128);
    }

    /** Bits do not depend on the rows beside. */
    @ParameterizedTest
    @MethodSource("ways")
    void anElementIsAChainOfItsOwn(String tile) {
        DeviceGemm gemm = gemm(tile);
        Random random = new Random(3);
        int k = 100;
        int n = 40;
        float[] a = values(70 * k, random);
        Gemm.Prepared b = gemm.prepare(1, k, n, values(k * n, random), 0, 0, n, 1, null);
        float[] all = new float[70 * n];
        float[] one = new float[n];
        gemm.multiply(70, a, 0, k, 1, b, null, 0, 0f, all, 0, n);
        gemm.multiply(1, a, 66 * k, k, 1, b, null, 0, 0f, one, 0, n);

        assertThat(one).containsExactly(java.util.Arrays.copyOfRange(all, 66 * n, 67 * n));
    }

    static float[] values(int size, Random random) {
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = random.nextFloat() * 2f - 1f;
        }
        return x;
    }

    static void close(float[] actual, float[] expected, int k, String what) {
        float most = 1e-5f * (float) Math.sqrt(k) + 2e-6f;
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= most)) {
                assertThat(actual[i]).as("%s: element %d", what, i).isEqualTo(expected[i]);
            }
        }
    }
}
