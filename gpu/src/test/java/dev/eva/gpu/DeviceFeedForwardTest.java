package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.fp8.Fp8Weight;
import dev.eva.fp8.W8a8Weight;
import dev.eva.gpu.kernels.Product;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.FeedForwardKernel.Slots;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Networks in one run against the reference, with both kernels of products; and which bytes go and come. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceFeedForwardTest {
    @BeforeAll
    void everySizeOnTheDevice() {
        NeedsDevice.check();
        System.setProperty("eva.opencl.smallest", "1");
    }

    @AfterAll
    void asBefore() {
        System.clearProperty("eva.opencl.smallest");
    }

    /** Weights of E networks, prepared by the device and by the reference. */
    private record Weights(Gemm.Prepared up, Gemm.Prepared down, Gemm.Prepared hostUp, Gemm.Prepared hostDown) {
        static Weights of(Gemm gemm, int e, int d, int f, Random random) {
            float[] w13 = DeviceGemmTest.values(e * 2 * f * d, random);
            float[] w2 = DeviceGemmTest.values(e * d * f, random);
            return new Weights(
                    prepared(gemm, e, d, 2 * f, w13),
                    prepared(gemm, e, f, d, w2),
                    prepared(Gemm.REFERENCE, e, d, 2 * f, w13),
                    prepared(Gemm.REFERENCE, e, f, d, w2));
        }

        static Weights of(Gemm gemm, FrozenMatrix[] w13, FrozenMatrix[] w2) {
            return new Weights(
                    gemm.prepare(w13), gemm.prepare(w2), Gemm.REFERENCE.prepare(w13), Gemm.REFERENCE.prepare(w2));
        }

        private static Gemm.Prepared prepared(Gemm gemm, int e, int k, int n, float[] w) {
            return gemm.prepare(e, k, n, w, 0, n * k, 1, k, null);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.eva.gpu.DeviceGemmTest#ways")
    void oneNetwork(String tile) {
        DeviceGemm gemm = DeviceGemmTest.gemm(tile);
        Random random = new Random(1);
        for (int[] s : new int[][] {{1, 3, 5}, {3, 17, 16}, {67, 20, 33}, {5, 130, 70}, {130, 64, 64}}) {
            Weights w = Weights.of(gemm, 1, s[1], s[2], random);
            for (int use = 0; use < 2; use++) {
                check(gemm, Slots.all(s[0]), w, use == 0, random);
            }
        }
    }

    /** Networks with few, many and no tokens. */
    @ParameterizedTest
    @MethodSource("dev.eva.gpu.DeviceGemmTest#ways")
    void networksOfChosenTokens(String tile) {
        DeviceGemm gemm = DeviceGemmTest.gemm(tile);
        Random random = new Random(2);
        for (int[] s : new int[][] {{1, 1, 3, 5}, {9, 2, 17, 16}, {40, 3, 37, 20}}) {
            Weights w = Weights.of(gemm, 5, s[2], s[3], random);
            for (int use = 0; use < 2; use++) {
                check(gemm, slots(s[0], s[1], 5, random), w, use == 1, random);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.eva.gpu.DeviceGemmTest#ways")
    void weightsInFp8(String tile) {
        DeviceGemm gemm = DeviceGemmTest.gemm(tile);
        Random random = new Random(3);
        FrozenMatrix[] up = {fp8(Fp8Format.E4M3, 96, 150, random), fp8(Fp8Format.E4M3, 96, 150, random)};
        FrozenMatrix[] down = {fp8(Fp8Format.E4M3, 150, 48, random), fp8(Fp8Format.E4M3, 150, 48, random)};
        FrozenMatrix[] others = {fp8(Fp8Format.E5M2, 150, 48, random), fp8(Fp8Format.E5M2, 150, 48, random)};
        FrozenMatrix[] rounding = {
            new W8a8Weight((Fp8Weight) up[0], Fp8Scale.FLOAT32), new W8a8Weight((Fp8Weight) up[1], Fp8Scale.FLOAT32)
        };
        Slots slots = slots(30, 1, 2, random);
        check(gemm, slots, Weights.of(gemm, up, down), false, random);
        Weights mixed = Weights.of(gemm, up, others);
        Weights rounded = Weights.of(gemm, rounding, down);
        DeviceFeedForward device = new DeviceFeedForward(gemm, false);
        // One table of codes a run; and what is rounded before a product is rounded by the host.
        assertThat(device.pays(30, mixed.up, mixed.down)).isFalse();
        assertThat(device.pays(30, rounded.up, rounded.down)).isFalse();
    }

    /** Between its products nothing of a network is sent or fetched. */
    @ParameterizedTest
    @MethodSource("dev.eva.gpu.DeviceGemmTest#ways")
    void onlyTokensAndResultsTravel(String tile) {
        DeviceGemm gemm = DeviceGemmTest.gemm(tile);
        Random random = new Random(4);
        int tokens = 12;
        int k = 3;
        int d = 40;
        int f = 24;
        Slots slots = slots(tokens, k, 4, random);
        Weights w = Weights.of(gemm, 4, d, f, random);
        // Weights and the memory between the products are there after the first run.
        check(gemm, slots, w, false, random);

        DeviceSession session = gemm.session();
        long sent = session.sentBytes();
        long fetched = session.fetchedBytes();
        check(gemm, slots, w, false, random);
        int tiles = 2
                * IntStream.range(0, 4)
                        .map(e -> Math.ceilDiv(
                                slots.starts()[e + 1] - slots.starts()[e],
                                gemm.products().table(2 * f, slots.starts()).tileRows()))
                        .sum();
        long table = tiles * Product.ENTRY + 2L * tokens * k;
        // Tokens and their weights; and Aparapi sends what receives the results, too. One element stands before each.
        assertThat(session.sentBytes() - sent).isEqualTo(4L * (2 * (tokens * d + 1) + tokens * k + table));
        assertThat(session.fetchedBytes() - fetched).isEqualTo(4L * (tokens * d + 1));

        fetched = session.fetchedBytes();
        check(gemm, slots, w, true, random);
        assertThat(session.fetchedBytes() - fetched)
                .as("gates and ups, too, where they are asked for")
                .isEqualTo(4L * (tokens * d + 1 + tokens * k * 2 * f + 1));
    }

    /** The kind of tiles decides, and sizes. */
    @ParameterizedTest
    @MethodSource("dev.eva.gpu.DeviceGemmTest#ways")
    void chosenByTheKindOfTiles(String tile) {
        DeviceGemm gemm = DeviceGemmTest.gemm(tile);
        Weights w = Weights.of(gemm, 1, 20, 30, new Random(5));

        assertThat(new DeviceFeedForward(gemm).pays(7, w.up, w.down)).isEqualTo(tile.startsWith("local"));
        assertThat(new DeviceFeedForward(gemm).pays(0, w.up, w.down)).isFalse();
    }

    private static void check(DeviceGemm gemm, Slots slots, Weights w, boolean wanted, Random random) {
        DeviceFeedForward device = new DeviceFeedForward(gemm, false);
        int d = w.down.n;
        int f = w.down.k;
        assertThat(device.pays(slots.count(), w.up, w.down)).isTrue();
        float[] x = DeviceGemmTest.values(slots.tokens() * d + 1, random);
        float[] y = DeviceGemmTest.values(slots.tokens() * d + 1, random);
        float[] expected = y.clone();
        float[] gateUp = wanted ? new float[slots.count() * 2 * f + 1] : null;
        float[] expectedGateUp = new float[slots.count() * 2 * f + 1];
        device.forward(slots, x, 1, w.up, w.down, gateUp, 1, y, 1);
        FeedForwardKernel.REFERENCE.forward(slots, x, 1, w.hostUp, w.hostDown, expectedGateUp, 1, expected, 1);
        String what = slots.tokens() + " tokens, " + d + ", " + f;
        close(y, expected, what);
        if (wanted) {
            close(gateUp, expectedGateUp, what + ", gates and ups");
        }
    }

    /** Roundings of two chains of additions, beside the largest value. */
    private static void close(float[] actual, float[] expected, String what) {
        float largest = 0f;
        for (float v : expected) {
            largest = Math.max(largest, Math.abs(v));
        }
        float most = 3e-6f * largest;
        for (int i = 0; i < actual.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= most)) {
                assertThat(actual[i]).as("%s: element %d", what, i).isEqualTo(expected[i]);
            }
        }
    }

    /** K different networks for every token, the last network never. */
    private static Slots slots(int tokens, int k, int networks, Random random) {
        int[] network = new int[tokens * k];
        int[] starts = new int[networks + 1];
        for (int t = 0; t < tokens; t++) {
            int first = random.nextInt(networks - 1);
            for (int j = 0; j < k; j++) {
                network[t * k + j] = (first + j) % Math.max(1, networks - 1);
                starts[network[t * k + j] + 1]++;
            }
        }
        for (int e = 0; e < networks; e++) {
            starts[e + 1] += starts[e];
        }
        int[] next = starts.clone();
        int[] pickOfSlot = new int[tokens * k];
        int[] slotOfPick = new int[tokens * k];
        for (int pick = 0; pick < tokens * k; pick++) {
            slotOfPick[pick] = next[network[pick]]++;
            pickOfSlot[slotOfPick[pick]] = pick;
        }
        return new Slots(starts, k, pickOfSlot, slotOfPick, DeviceGemmTest.values(tokens * k, random), 0);
    }

    private static Fp8Weight fp8(Fp8Format format, int rows, int cols, Random random) {
        float[] w = DeviceGemmTest.values(rows * cols, random);
        Fp8Matrix q = new Fp8Quantizer(format, Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32).quantize(w, 0, rows, cols);
        return new Fp8Weight(format, MemorySegment.ofArray(q.codes()), q.scales(), rows, cols);
    }
}
