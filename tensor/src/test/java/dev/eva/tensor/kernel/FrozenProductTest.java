package dev.eva.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.GroupedLinear;
import dev.eva.tensor.ops.Linear;
import dev.eva.tensor.ops.Sum;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Products with weights in stored types: the kernels in use against sums in float64 of the widened values. */
@Tag("kernels")
class FrozenProductTest {
    enum Type {
        F32,
        BF16,
        F16,
        STACKED
    }

    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final Arena ARENA = Arena.ofAuto();

    private final SplittableRandom random = new SplittableRandom(5);
    private final int threads = Parallel.threads();

    @AfterEach
    void restoreThreads() {
        Parallel.setThreads(threads);
    }

    /** Native memory that starts two bytes off any alignment. */
    private FrozenMatrix matrix(Type type, int rows, int cols) {
        if (type == Type.STACKED) {
            int first = (rows + 1) / 2;
            FrozenMatrix upper = matrix(Type.BF16, first, cols);
            return rows == 1 ? upper : new StackedMatrix(List.of(upper, matrix(Type.F32, rows - first, cols)));
        }
        int bytes = type == Type.F32 ? 4 : 2;
        MemorySegment values =
                ARENA.allocate(2 + (long) bytes * rows * cols, 64).asSlice(2);
        for (int i = 0; i < rows * cols; i++) {
            float v = (float) random.nextGaussian();
            switch (type) {
                case F32 -> values.set(StoredKernel.F32, 4L * i, v);
                case BF16 -> values.set(StoredKernel.I16, 2L * i, (short) (Float.floatToRawIntBits(v) >>> 16));
                default -> values.set(StoredKernel.I16, 2L * i, Float.floatToFloat16(v));
            }
        }
        return switch (type) {
            case F32 -> new F32Matrix(values, rows, cols);
            case BF16 -> new Bf16Matrix(values, rows, cols);
            default -> new F16Matrix(values, rows, cols);
        };
    }

    private float[] floats(int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static float[] product(int m, int aRow, float[] a, FrozenMatrix w, float beta, float[] c) {
        float[] out = c.clone();
        GEMM.multiply(m, a, 1, aRow, 1, GEMM.prepare(w), null, 0, beta, out, 2, w.rows() + 1);
        return out;
    }

    @ParameterizedTest
    @EnumSource(Type.class)
    void agreesWithSumsInFloat64(Type type) {
        int[][] sizes = {
            {1, 1, 1},
            {1, 5, 31},
            {2, 64, 128},
            {3, 70, 100},
            {4, 9, 513},
            {7, 130, 65},
            {16, 33, 256},
            {17, 65, 400},
            {50, 131, 70}
        };
        for (int[] size : sizes) {
            int m = size[0];
            FrozenMatrix w = matrix(type, size[1], size[2]);
            int aRow = size[2] + 3;
            float[] a = floats(1 + m * aRow);
            float[] c = floats(2 + m * (w.rows() + 1));
            for (float beta : new float[] {0f, 1f}) {
                float[] out = product(m, aRow, a, w, beta, c);
                check(m, aRow, a, w, beta, c, out);
            }
        }
    }

    private static void check(int m, int aRow, float[] a, FrozenMatrix w, float beta, float[] c, float[] out) {
        float[] row = new float[w.cols()];
        for (int j = 0; j < w.rows(); j++) {
            w.widen(j, 0, row.length, row, 0);
            for (int i = 0; i < m; i++) {
                int at = 2 + i * (w.rows() + 1) + j;
                double sum = beta * c[at];
                double size = Math.abs(sum);
                for (int p = 0; p < row.length; p++) {
                    sum += (double) a[1 + i * aRow + p] * row[p];
                    size += Math.abs((double) a[1 + i * aRow + p] * row[p]);
                }
                assertThat((double) out[at]).isCloseTo(sum, within(size * 1e-6));
            }
        }
        for (int i = 0; i + 1 < m; i++) {
            int between = 2 + (i + 1) * (w.rows() + 1) - 1;
            assertThat(out[between]).isEqualTo(c[between]);
        }
    }

    private static org.assertj.core.data.Offset<Double> within(double size) {
        return org.assertj.core.data.Offset.offset(Math.max(size, 1e-30));
    }

    /** Strips at odd places and of odd sizes: every element once, and nothing beside them. */
    @ParameterizedTest
    @EnumSource(Type.class)
    void turnsAStripOver(Type type) {
        FrozenMatrix w = matrix(type, 75, 301);
        float[] row = new float[301];
        int[][] strips = {{0, 75, 0, 301}, {3, 64, 1, 300}, {30, 17, 7, 130}, {74, 1, 300, 1}, {5, 9, 2, 3}};
        for (int[] strip : strips) {
            int outRow = strip[1] + 2;
            float[] out = new float[1 + strip[3] * outRow];
            Arrays.fill(out, -9f);
            w.turn(strip[0], strip[1], strip[2], strip[3], out, 1, outRow);
            assertThat(out[0]).isEqualTo(-9f);
            for (int j = 0; j < outRow; j++) {
                if (j < strip[1]) {
                    w.widen(strip[0] + j, strip[2], strip[3], row, 0);
                }
                for (int p = 0; p < strip[3]; p++) {
                    assertThat(out[1 + p * outRow + j]).isEqualTo(j < strip[1] ? row[p] : -9f);
                }
            }
        }
    }

    /** What decoding of several tokens at once relies on. */
    @ParameterizedTest
    @CsvSource({"F32, 100", "BF16, 100", "STACKED, 128"})
    void fewRowsHaveTheBitsOfOne(Type type, int cols) {
        FrozenMatrix w = matrix(type, 67, cols);
        for (int m : new int[] {2, 3, 5, 6, 7, 9, 15, Math.max(1, w.fewRows())}) {
            float[] a = floats(1 + m * cols);
            float[] all = product(m, cols, a, w, 0f, new float[2 + m * 68]);
            for (int i = 0; i < m; i++) {
                float[] one = floats(1 + cols);
                System.arraycopy(a, 1 + i * cols, one, 1, cols);
                float[] alone = product(1, cols, one, w, 0f, new float[2 + 68]);
                for (int j = 0; j < 67; j++) {
                    assertThat(all[2 + i * 68 + j]).isEqualTo(alone[2 + j]);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Type.class)
    void threadsDoNotChangeBits(Type type) {
        for (int m : new int[] {1, 5, 40}) {
            FrozenMatrix w = matrix(type, 700, 300);
            float[] a = floats(1 + m * 300);
            float[] c = new float[2 + m * 701];
            Parallel.setThreads(1);
            float[] one = product(m, 300, a, w, 0f, c);
            Parallel.setThreads(3);
            assertThat(product(m, 300, a, w, 0f, c)).isEqualTo(one);
        }
    }

    @ParameterizedTest
    @EnumSource(Type.class)
    void groupsAreProductsOfTheirOwn(Type type) {
        int k = 96;
        int n = 72;
        FrozenMatrix[] w = new FrozenMatrix[5];
        for (int g = 0; g < w.length; g++) {
            w[g] = matrix(type, n, k);
        }
        int[] starts = {0, 1, 1, 30, 33, 200};
        Tensor x = Tensor.randn(random, 0f, 1f, 200, k);
        float[] y =
                GroupedLinear.groupedLinear(x, PreparedWeight.frozen(w), starts).toArray();
        for (int g = 0; g < w.length; g++) {
            int from = starts[g];
            int rows = starts[g + 1] - from;
            if (rows > 0) {
                float[] alone = Linear.linear(x.slice(from, from + rows), PreparedWeight.frozen(w[g]))
                        .toArray();
                for (int i = 0; i < alone.length; i++) {
                    assertThat(y[from * n + i]).isEqualTo(alone[i]);
                }
            }
        }
    }

    @Test
    void hasNoGradientAndSaysSo() {
        PreparedWeight w = PreparedWeight.frozen(matrix(Type.F32, 3, 4));
        Tensor x = Tensor.zeros(2, 4).requiresGrad(true);
        assertThatThrownBy(w::weight).hasMessageStartingWith("weight: a frozen weight has no tensor");
        try (Tape tape = Tape.open()) {
            Tensor loss = Sum.sum(Linear.linear(x, w));
            assertThatThrownBy(() -> tape.backward(loss)).hasMessageStartingWith("gradient: the weight is frozen");
        }
    }

    @Test
    void matricesOfAGroupHaveOneSize() {
        assertThatThrownBy(() -> PreparedWeight.frozen(matrix(Type.F32, 3, 4), matrix(Type.F32, 3, 5)))
                .hasMessage("weight: matrices of (3, 4) and (3, 5); need one size");
        assertThatThrownBy(() -> new StackedMatrix(List.of(matrix(Type.F32, 3, 4), matrix(Type.F32, 3, 5))))
                .hasMessage("stacked matrix: [(3, 4), (3, 5)]; need matrices of the same width");
    }
}
