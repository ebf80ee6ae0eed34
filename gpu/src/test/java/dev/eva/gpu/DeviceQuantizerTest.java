package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.fp8.Fp8Weight;
import dev.eva.fp8.W8a8Weight;
import dev.eva.tensor.kernel.F32Matrix;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.StackedMatrix;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** FP8 on the device: codes and scales are the host's to the bit, products with stored weights the reference's. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DeviceQuantizerTest {
    private static final int[][] SHAPES = {{1, 1}, {3, 127}, {5, 128}, {130, 129}, {257, 400}};

    private DeviceSession session;

    @BeforeAll
    void everySizeOnTheDevice() {
        NeedsDevice.check();
        System.setProperty("eva.opencl.smallest", "1");
        session = DeviceSession.open(DeviceChoice.chosen());
    }

    @AfterAll
    void asBefore() {
        System.clearProperty("eva.opencl.smallest");
    }

    @ParameterizedTest
    @EnumSource(Fp8Format.class)
    void codesAndScalesAreTheHosts(Fp8Format format) {
        for (boolean shared : new boolean[] {false, true}) {
            codesAndScalesAreTheHosts(format, new DeviceQuantizer(session, shared));
        }
    }

    private static void codesAndScalesAreTheHosts(Fp8Format format, DeviceQuantizer device) {
        Random random = new Random(1);
        for (Fp8Tiling tiling : List.of(Fp8Tiling.TILE_1X128, Fp8Tiling.BLOCK_128X128)) {
            for (Fp8Scale scale : Fp8Scale.values()) {
                for (int[] shape : SHAPES) {
                    float[] x = values(shape[0] * shape[1] + 2, random);
                    Fp8Matrix host = new Fp8Quantizer(format, tiling, scale).quantize(x, 2, shape[0], shape[1]);
                    Fp8Matrix out = Fp8Matrix.zeros(format, tiling, shape[0], shape[1]);

                    assertThat(device.quantize(scale, x, 2, out)).isTrue();
                    assertThat(out.scales()).as("scales, %s %s", tiling, scale).isEqualTo(host.scales());
                    assertThat(out.codes()).as("codes, %s %s", tiling, scale).isEqualTo(host.codes());
                }
            }
        }
    }

    /** Every size of number: exact ties, subnormal codes, zeros of both signs, values far below the scale. */
    private static float[] values(int size, Random random) {
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            float v = (float) ((random.nextDouble() * 2 - 1) * Math.pow(2, random.nextInt(40) - 25));
            x[i] = switch (random.nextInt(12)) {
                case 0 -> 0f;
                case 1 -> -0f;
                case 2 -> Math.round(v * 16) / 16f;
                case 3 -> (float) Math.pow(2, random.nextInt(20) - 14) * (random.nextInt(64) - 32) / 16f;
                default -> v;
            };
        }
        return x;
    }

    @Test
    void aTileWithANaNHasNoNumbers() {
        float[] x = new float[256];
        x[5] = Float.NaN;
        Fp8Matrix out = Fp8Matrix.zeros(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, 1, 256);

        for (boolean shared : new boolean[] {false, true}) {
            assertThat(new DeviceQuantizer(session, shared).quantize(Fp8Scale.FLOAT32, x, 0, out))
                    .isTrue();
            assertThat(out.scales()[0]).isNaN();
            assertThat(Fp8Format.E4M3.decode(out.codes()[7])).isNaN();
            assertThat(out.codes()[200]).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.eva.gpu.DeviceGemmTest#ways")
    void storedWeightsAreWidenedOnTheDevice(String tile) {
        DeviceGemm gemm = DeviceGemmTest.gemm(tile);
        Fp8Weight gate = weight(144, 200, new Random(2));
        Fp8Weight up = weight(150, 200, new Random(3));
        FrozenMatrix[] cases = {
            gate,
            new StackedMatrix(List.of(gate, up)),
            new W8a8Weight(up, Fp8Scale.FLOAT32),
            new StackedMatrix(List.of(up, gate)), // parts meet inside a panel: widened on the host
            new F32Matrix(MemorySegment.ofArray(DeviceGemmTest.values(77 * 200, new Random(4))), 77, 200)
        };
        float[] x = DeviceGemmTest.values(9 * 200, new Random(5));
        for (FrozenMatrix w : cases) {
            float[] y = new float[9 * w.rows()];
            float[] expected = new float[9 * w.rows()];
            gemm.multiply(9, x, 0, 200, 1, gemm.prepare(w), null, 0, 0f, y, 0, w.rows());
            Gemm.REFERENCE.multiply(9, x, 0, 200, 1, Gemm.REFERENCE.prepare(w), null, 0, 0f, expected, 0, w.rows());
            DeviceGemmTest.close(y, expected, 200, w.toString());
        }
    }

    /** Weights with every code, experts with and without rows, more rows than an item's tiles have. */
    static Stream<Arguments> formatsAndTiles() {
        return Stream.of(Fp8Format.values())
                .flatMap(f -> DeviceGemmTest.ways().map(tile -> Arguments.of(f, tile.get()[0])));
    }

    @ParameterizedTest
    @MethodSource("formatsAndTiles")
    void everyCodeIsWidenedToItsValue(Fp8Format format, String tile) {
        byte[] codes = new byte[3 * 33 * 260];
        for (int i = 0; i < codes.length; i++) {
            int code = i * 37 & 255;
            codes[i] = (byte) (Float.isFinite(format.decode((byte) code)) ? code : 0);
        }
        FrozenMatrix[] experts = new FrozenMatrix[3];
        for (int e = 0; e < 3; e++) {
            float[] scales = {0.5f + e, 0.3f, 1.7f};
            experts[e] = new Fp8Weight(
                    format, MemorySegment.ofArray(codes).asSlice(e * 33L * 260, 33 * 260), scales, 33, 260);
        }
        float[] one = new float[260 * 260];
        for (int i = 0; i < 260; i++) {
            one[i * 260 + i] = 1f;
        }
        int[] starts = {0, 75, 75, 260};
        float[] y = new float[260 * 33];
        float[] expected = new float[260 * 33];
        Gemm gemm = DeviceGemmTest.gemm(tile);
        gemm.multiplyGrouped(starts, one, 0, 260, 1, gemm.prepare(experts), 0f, y, 0, 33);
        Gemm.REFERENCE.multiplyGrouped(starts, one, 0, 260, 1, Gemm.REFERENCE.prepare(experts), 0f, expected, 0, 33);
        // Rows of the unit matrix pick columns of the weight: no rounding but that of code times scale.
        assertThat(y).isEqualTo(expected);
    }

    private static Fp8Weight weight(int rows, int cols, Random random) {
        float[] w = DeviceGemmTest.values(rows * cols, random);
        Fp8Matrix q =
                new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32).quantize(w, 0, rows, cols);
        return new Fp8Weight(Fp8Format.E4M3, MemorySegment.ofArray(q.codes()), q.scales(), rows, cols);
    }
}
