package dev.eva.tensor.kernel.vector;

import static dev.eva.tensor.testing.TensorAssert.assertClose;
import static dev.eva.tensor.testing.TensorAssert.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.tensor.kernel.AdamWKernel;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Normalization;
import dev.eva.tensor.kernel.Reduction;
import dev.eva.tensor.kernel.SoftmaxKernel;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every method of the vector families against the scalar reference: odd sizes, offsets, untouched surroundings, special
 * values.
 */
class VectorRowKernelsTest {
    private static final float UNTOUCHED = 777f;
    private static final int BEFORE = 3;
    private static final int AFTER = 5;
    private static final double TOLERANCE = 4e-6;
    private static final float[] SPECIAL = {
        0f,
        -0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        1e-30f,
        -1e-30f,
        50f,
        -50f,
        87f,
        -87f,
        88f,
        -88f,
        90f,
        -90f,
        120f,
        -120f,
        1e4f,
        -1e4f,
        1e38f,
        -1e38f,
        Float.POSITIVE_INFINITY,
        Float.NaN,
        Float.intBitsToFloat(0x7fc00001),
        Float.intBitsToFloat(0xffffffff)
    };

    private final SplittableRandom random = new SplittableRandom(11);
    private final Elementwise elementwise = new VectorElementwise();
    private final Normalization normalization = new VectorNormalization();
    private final SoftmaxKernel softmax = new VectorSoftmax();

    /** Runs with one family's methods; writes from {@code BEFORE} on. */
    private interface Kernel<F> {
        void run(F family, float[]... out);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 6, 8, 13, 16, 25, 63, 64, 65, 257, 1027})
    void maps(int n) {
        float[] x = randn(n, 3f);
        float[] y = randn(n, 1f);
        compare(elementwise, Elementwise.REFERENCE, "add", (f, out) -> f.add(n, x, 1, y, 2, out[0], BEFORE), n);
        compare(elementwise, Elementwise.REFERENCE, "addTo", (f, out) -> f.addTo(n, x, 1, out[0], BEFORE), n);
        compare(elementwise, Elementwise.REFERENCE, "mul", (f, out) -> f.mul(n, x, 1, y, 2, out[0], BEFORE), n);
        compare(elementwise, Elementwise.REFERENCE, "scale", (f, out) -> f.scale(n, 0.3f, x, 1, out[0], BEFORE), n);
        compare(elementwise, Elementwise.REFERENCE, "sigmoid", (f, out) -> f.sigmoid(n, x, 1, out[0], BEFORE), n);
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "sigmoidBackward",
                (f, out) -> f.sigmoidBackward(n, x, 1, y, 2, out[0], BEFORE),
                n);
        compare(elementwise, Elementwise.REFERENCE, "silu", (f, out) -> f.silu(n, x, 1, out[0], BEFORE), n);
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "siluBackward",
                (f, out) -> f.siluBackward(n, x, 1, y, 2, out[0], BEFORE),
                n);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 6, 8, 13, 16, 25, 63, 64, 65, 257, 1027})
    void swiGlu(int f) {
        int rows = 3;
        float[] x = randn(rows * 2 * f, 3f);
        float[] d = randn(rows * f, 1f);
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "swiGlu",
                (k, out) -> k.swiGlu(rows, f, x, 1, out[0], BEFORE),
                rows * f);
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "swiGluBackward",
                (k, out) -> k.swiGluBackward(rows, f, x, 1, d, 2, out[0], BEFORE),
                rows * 2 * f);
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "gatedSwiGluBackward",
                (k, out) -> {
                    System.arraycopy(x, 0, out[0], BEFORE, 2 * f);
                    System.arraycopy(d, 0, out[1], BEFORE, f);
                    out[2][BEFORE] = k.gatedSwiGluBackward(f, 0.7f, out[0], BEFORE, out[1], BEFORE);
                },
                2 * f,
                f,
                1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6, 8, 13, 16, 25, 63, 64, 65, 257, 1027})
    void rmsNorm(int d) {
        int rows = 3;
        float[] x = randn(rows * d, 2f);
        float[] w = randn(d, 1f);
        float[] dOut = randn(rows * d, 1f);
        float[] rstd = new float[rows + 1];
        compare(
                normalization,
                Normalization.REFERENCE,
                "rmsNorm",
                (k, out) -> k.rmsNorm(rows, d, 1e-6f, x, 1, w, 2, out[0], BEFORE, out[1], BEFORE),
                rows * d,
                rows);
        Normalization.REFERENCE.rmsNorm(rows, d, 1e-6f, x, 1, w, 2, new float[rows * d], 0, rstd, 1);
        compare(
                normalization,
                Normalization.REFERENCE,
                "rmsNormBackward",
                (k, out) -> k.rmsNormBackward(rows, d, x, 1, w, 2, rstd, 1, dOut, 0, out[0], BEFORE, out[1], BEFORE),
                rows * d,
                d);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6, 8, 13, 16, 25, 63, 64, 65, 257, 1027})
    void softmaxAndCrossEntropy(int n) {
        int rows = 3;
        float[] x = randn(rows * n, 4f);
        float[] p = new float[rows * n];
        float[] dOut = randn(rows * n, 1f);
        float[] lse = new float[rows];
        int[] targets = {-7, n - 1, -1, 0};
        SoftmaxKernel.REFERENCE.softmax(rows, n, x, 1, p, 0);
        SoftmaxKernel.REFERENCE.crossEntropy(rows, n, x, 1, targets, 1, new float[rows], 0, lse, 0);
        compare(
                softmax,
                SoftmaxKernel.REFERENCE,
                "softmax",
                (k, out) -> k.softmax(rows, n, x, 1, out[0], BEFORE),
                rows * n);
        compare(
                softmax,
                SoftmaxKernel.REFERENCE,
                "softmaxBackward",
                (k, out) -> k.softmaxBackward(rows, n, p, 0, dOut, 2, out[0], BEFORE),
                rows * n);
        compare(
                softmax,
                SoftmaxKernel.REFERENCE,
                "crossEntropy",
                (k, out) -> k.crossEntropy(rows, n, x, 1, targets, 1, out[0], BEFORE, out[1], BEFORE),
                rows,
                rows);
        compare(
                softmax,
                SoftmaxKernel.REFERENCE,
                "crossEntropyBackward",
                (k, out) -> k.crossEntropyBackward(rows, n, 0.7f, x, 1, targets, 1, lse, 0, out[0], BEFORE),
                rows * n);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 6, 8, 13, 16, 25, 63, 64, 65, 257, 1027})
    void adamWIsTheReferenceToTheBit(int n) {
        float[] g = randn(n, 1f);
        AdamWKernel.Step step = AdamWKernel.Step.at(3, 1e-2f, 0.1f, 0.9, 0.95, 1e-8);
        float[][] actual = {randn(n, 1f), randn(n, 1f), squares(n)};
        float[][] expected = Arrays.stream(actual).map(float[]::clone).toArray(float[][]::new);
        for (int t = 0; t < 3; t++) {
            new VectorAdamW().step(n, step, g, 1, actual[0], 2, actual[1], 3, actual[2], 1);
            AdamWKernel.REFERENCE.step(n, step, g, 1, expected[0], 2, expected[1], 3, expected[2], 1);
        }
        for (int i = 0; i < 3; i++) {
            assertSameBits("adamW " + n + " array " + i, actual[i], expected[i]);
        }
        short[][] moments = new short[4][n + 4];
        for (int t = 0; t < 3; t++) {
            new VectorAdamW().stepBf16(n, step, g, 1, actual[0], 2, moments[0], 3, moments[1], 1);
            AdamWKernel.REFERENCE.stepBf16(n, step, g, 1, expected[0], 2, moments[2], 3, moments[3], 1);
        }
        assertSameBits("adamW bf16 " + n, actual[0], expected[0]);
        assertThat(moments[0]).isEqualTo(moments[2]);
        assertThat(moments[1]).isEqualTo(moments[3]);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 6, 8, 13, 16, 25, 63, 64, 65, 257, 1027})
    void reductions(int n) {
        float[] x = randn(n, 1f);
        Reduction reduction = new VectorReduction();
        assertThat(reduction.sum(n, x, 3)).isCloseTo(Reduction.REFERENCE.sum(n, x, 3), within(n));
        assertThat(reduction.sumOfSquares(n, x, 3)).isCloseTo(Reduction.REFERENCE.sumOfSquares(n, x, 3), within(n));
    }

    private static Offset<Double> within(int n) {
        return Offset.offset(1e-14 * (n + 1));
    }

    @Test
    void reductionsCarryNaNAndInfinity() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            for (int at : new int[] {0, 40, 66}) {
                float[] x = new float[67];
                x[at] = bad;
                assertThat(new VectorReduction().sumOfSquares(67, x, 0)).isNotFinite();
                assertThat(new VectorReduction().sum(67, x, 0)).isNotFinite();
            }
        }
    }

    @Test
    void specialValuesAsInTheReference() {
        int n = SPECIAL.length;
        float[] ones = new float[n];
        Arrays.fill(ones, 1f);
        compare(elementwise, Elementwise.REFERENCE, "sigmoid", (f, out) -> f.sigmoid(n, SPECIAL, 0, out[0], BEFORE), n);
        compare(elementwise, Elementwise.REFERENCE, "silu", (f, out) -> f.silu(n, SPECIAL, 0, out[0], BEFORE), n);
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "siluBackward",
                (f, out) -> f.siluBackward(n, SPECIAL, 0, ones, 0, out[0], BEFORE),
                n);
        float[] minusInfinity = {Float.NEGATIVE_INFINITY};
        compare(
                elementwise,
                Elementwise.REFERENCE,
                "sigmoid",
                (f, out) -> f.sigmoid(1, minusInfinity, 0, out[0], BEFORE),
                1);
    }

    @Test
    void softmaxOfSpecialRowsAsInTheReference() {
        for (float special : SPECIAL) {
            for (int at : new int[] {0, 17, 36}) {
                float[] x = randn(37, 1f);
                x[at] = special;
                compare(
                        softmax,
                        SoftmaxKernel.REFERENCE,
                        "softmax with " + special + " at " + at,
                        (k, out) -> k.softmax(1, 37, x, 0, out[0], BEFORE),
                        37);
                compare(
                        softmax,
                        SoftmaxKernel.REFERENCE,
                        "crossEntropy with " + special + " at " + at,
                        (k, out) -> k.crossEntropy(1, 37, x, 0, new int[] {5}, 0, out[0], BEFORE, out[1], BEFORE),
                        1,
                        1);
            }
        }
        float[] nothing = new float[37];
        Arrays.fill(nothing, Float.NEGATIVE_INFINITY);
        compare(
                softmax,
                SoftmaxKernel.REFERENCE,
                "softmax of -inf",
                (k, out) -> k.softmax(1, 37, nothing, 0, out[0], BEFORE),
                37);
    }

    @Test
    void equalInputsGiveEqualOutputsInEveryLaneAndInTheTail() {
        int n = 2 * VectorMath.LANES + VectorMath.LANES - 1;
        for (float value : new float[] {-9.137f, -0.3f, 0.77f, 4.2f}) {
            float[] x = new float[2 * n];
            Arrays.fill(x, value);
            float[] out = new float[2 * n];
            elementwise.sigmoid(n, x, 0, out, 0);
            assertAllEqual(n, out);
            elementwise.silu(n, x, 0, out, 0);
            assertAllEqual(n, out);
            elementwise.siluBackward(n, x, 0, x, 0, out, 0);
            assertAllEqual(n, out);
            elementwise.swiGlu(1, n, x, 0, out, 0);
            assertAllEqual(n, out);
            elementwise.swiGluBackward(1, n, x, 0, x, 0, out, 0);
            assertAllEqual(n, out);
            softmax.softmax(1, n, x, 0, out, 0);
            assertAllEqual(n, out);
            softmax.crossEntropyBackward(1, n, 1f, x, 0, new int[] {n - 1}, 0, new float[] {value + 1f}, 0, out, 0);
            assertAllEqual(n - 1, out);
        }
    }

    /**
     * A run must not depend on when C2 compiles what: no reduction whose order the JVM chooses, one rounding
     * everywhere.
     */
    @Test
    void compiledCodeGivesTheBitsOfInterpretedCode() {
        float[] x = randn(3 * 134, 2f);
        float[] first = everything(x);
        for (int i = 0; i < 20_000; i++) {
            everything(x);
        }
        assertSameBits("hot against cold", everything(x), first);
    }

    /** Results of all kernels that add up or call exp, for rows of 67. */
    private float[] everything(float[] x) {
        int n = 67;
        float[] out = new float[12 * n];
        float[] scratch = new float[3 * n];
        elementwise.swiGlu(1, n, x, 0, out, 0);
        elementwise.swiGluBackward(1, n, x, 0, x, 3 * n, out, n);
        normalization.rmsNorm(1, n, 1e-6f, x, 0, x, n, out, 3 * n, scratch, 0);
        normalization.rmsNormBackward(1, n, x, 0, x, n, scratch, 0, x, 2 * n, out, 4 * n, out, 5 * n);
        softmax.softmax(1, n, x, 0, out, 6 * n);
        softmax.softmaxBackward(1, n, x, 0, x, n, out, 7 * n);
        softmax.crossEntropy(1, n, x, 0, new int[] {5}, 0, scratch, 0, out, 8 * n);
        softmax.crossEntropyBackward(1, n, 0.3f, x, 0, new int[] {5}, 0, out, 8 * n, out, 9 * n);
        Reduction reduction = new VectorReduction();
        out[10 * n] = (float) (1e6 * reduction.sum(2 * n, x, 0) % 1);
        out[10 * n + 1] = (float) (1e6 * reduction.sumOfSquares(2 * n, x, 0) % 1);
        return out;
    }

    private static void assertAllEqual(int n, float[] out) {
        assertThat(IntStream.range(0, n).mapToObj(i -> out[i]).distinct()).hasSize(1);
    }

    /** Runs both on the same random outputs and compares the written parts closely, what is around them exactly. */
    private <F> void compare(F fast, F reference, String what, Kernel<F> kernel, int... written) {
        float[][] actual = Arrays.stream(written).mapToObj(this::output).toArray(float[][]::new);
        float[][] expected = Arrays.stream(actual).map(float[]::clone).toArray(float[][]::new);
        kernel.run(fast, actual);
        kernel.run(reference, expected);
        for (int o = 0; o < written.length; o++) {
            double[] e = new double[actual[o].length];
            for (int i = 0; i < e.length; i++) {
                e[i] = expected[o][i];
            }
            assertClose(what + " of " + written[o] + ", output " + o, actual[o], e, TOLERANCE, TOLERANCE);
            for (int i = 0; i < BEFORE; i++) {
                assertThat(actual[o][i]).isEqualTo(UNTOUCHED);
            }
            for (int i = BEFORE + written[o]; i < actual[o].length; i++) {
                assertThat(actual[o][i]).isEqualTo(UNTOUCHED);
            }
        }
    }

    private float[] output(int n) {
        float[] out = randn(n, 1f);
        float[] guarded = new float[BEFORE + n + AFTER];
        Arrays.fill(guarded, UNTOUCHED);
        System.arraycopy(out, 0, guarded, BEFORE, n);
        return guarded;
    }

    /** n values and a few more, for offsets. */
    private float[] randn(int n, float std) {
        float[] x = new float[n + BEFORE];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (std * random.nextGaussian());
        }
        return x;
    }

    private float[] squares(int n) {
        float[] x = randn(n, 1f);
        for (int i = 0; i < x.length; i++) {
            x[i] *= x[i];
        }
        return x;
    }
}
