package dev.eva.tensor.testing;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.autograd.Tape;
import dev.eva.tensor.ops.Mul;
import dev.eva.tensor.ops.Sum;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Gradients of the tape against central differences: with {@code L(x) = sum_i c_i f(x)_i} for random c,
 * {@code dL/dx_j = (L(x + h e_j) - L(x - h e_j)) / 2h + O(h^2)}. Differences are taken of the float64 oracle where
 * there is one;
 * float32 rounding noise would hide all but gross errors.
 */
public final class GradCheck {
    private static final int SEED = 7;

    /** Inputs up to this size are checked whole, larger ones at as many random elements. */
    private static final int MAX_ELEMENTS = 120;

    private static final int SAMPLES_OF_LARGE = 12;
    private static final double STEP_64 = 1e-5;
    private static final float STEP_32 = 1f / 128;

    private GradCheck() {}

    /** Fails where a gradient of the case's forward function differs from the difference quotient. */
    public static void check(OpCase c) {
        Tensor[] in = c.inputs();
        Tensor weights = weights(c, in);
        float[][] grads = gradients(c, in, weights);
        for (int i = 0; i < in.length; i++) {
            int[] elements = elements(in[i].size());
            float[] actual = new float[elements.length];
            double[] expected = new double[elements.length];
            for (int e = 0; e < elements.length; e++) {
                actual[e] = grads[i][elements[e]];
                expected[e] = c.oracle().isPresent()
                        ? difference64(c, in, weights, i, elements[e])
                        : difference32(c, in, weights, i, elements[e]);
            }
            TensorAssert.assertClose(
                    c.name() + ": gradient of input " + i + " " + in[i].shape() + ", elements "
                            + (elements.length == in[i].size() ? "all" : Arrays.toString(elements)),
                    actual,
                    expected,
                    c.tolerance(),
                    c.tolerance());
        }
    }

    /** The gradient of each input of {@code sum(weights * f(in))}, by the tape, inside a workspace. */
    static float[][] gradients(OpCase c, Tensor[] in, Tensor weights) {
        try (Workspace.Scope step = new Workspace().open();
                Tape tape = Tape.open()) {
            tape.backward(Sum.sum(Mul.mul(c.forward().apply(in), weights)));
        }
        float[][] grads = new float[in.length][];
        for (int i = 0; i < in.length; i++) {
            if (in[i].grad() == null) {
                throw new AssertionError(c.name() + ": input " + i + " got no gradient");
            }
            grads[i] = in[i].grad().toArray();
        }
        return grads;
    }

    /** Random weights of the outputs. */
    static Tensor weights(OpCase c, Tensor[] in) {
        return Tensor.randn(
                new SplittableRandom(SEED),
                0f,
                1f,
                c.forward().apply(in).shape().dims());
    }

    private static int[] elements(int size) {
        if (size <= MAX_ELEMENTS) {
            return IntStream.range(0, size).toArray();
        }
        return new SplittableRandom(SEED).ints(SAMPLES_OF_LARGE, 0, size).toArray();
    }

    private static double difference64(OpCase c, Tensor[] in, Tensor weights, int input, int element) {
        double[][] x = new double[in.length][];
        for (int i = 0; i < in.length; i++) {
            x[i] = OpCase.doubles(in[i]);
        }
        ToDoubleFunction<Double> loss = value -> {
            x[input][element] = value;
            double[] y = c.oracle().orElseThrow().apply(x);
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += weights.get(i) * y[i];
            }
            return sum;
        };
        double at = x[input][element];
        return (loss.applyAsDouble(at + STEP_64) - loss.applyAsDouble(at - STEP_64)) / (2 * STEP_64);
    }

    private static double difference32(OpCase c, Tensor[] in, Tensor weights, int input, int element) {
        Tensor x = in[input];
        float at = x.get(element);
        float up = at + STEP_32;
        float down = at - STEP_32;
        double difference = loss32(c, in, weights, x, element, up) - loss32(c, in, weights, x, element, down);
        set(x, element, at);
        return difference / ((double) up - down);
    }

    private static double loss32(OpCase c, Tensor[] in, Tensor weights, Tensor x, int element, float value) {
        set(x, element, value);
        Tensor y = c.forward().apply(in);
        double sum = 0;
        for (int i = 0; i < y.size(); i++) {
            sum += (double) weights.get(i) * y.get(i);
        }
        return sum;
    }

    private static void set(Tensor x, int element, float value) {
        x.array()[x.offset() + element] = value;
        x.markWritten();
    }
}
