package dev.eva.tensor.testing;

import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Op;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * An op at given input shapes, with what it is compared to. Every op of a module has cases in that module's {@code
 * OpCases}, at
 * several odd shapes and one large enough to be cut in tasks; {@link OpCheck} runs them.
 *
 * @param name says the op and what is special about the shapes
 * @param op the class that this case proves
 * @param shapes shapes of the inputs; all are differentiated
 * @param forward computes the output from tensors of these shapes
 * @param oracle the same in float64, from flat arrays; without one, gradients are checked against differences of the
 * float32
 *     forward pass, with a tolerance to match
 * @param std standard deviation of the random inputs
 * @param tolerance error allowed, absolute and relative to the expected value
 */
public record OpCase(
        String name,
        Class<? extends Op> op,
        List<Shape> shapes,
        Forward forward,
        Optional<Oracle> oracle,
        float std,
        double tolerance) {
    private static final double EXACT = 2e-5;
    private static final double NOISY = 3e-2;

    /** A function of tensors, made of the op under test and perhaps others. */
    @FunctionalInterface
    public interface Forward {
        Tensor apply(Tensor... in);
    }

    /** A function of flat float64 arrays. */
    @FunctionalInterface
    public interface Oracle {
        double[] apply(double[]... in);
    }

    /** A case with a float64 oracle, N(0, 1) inputs and a tolerance of 2e-5. */
    public static OpCase of(String name, Class<? extends Op> op, Forward forward, Oracle oracle, Shape... shapes) {
        return new OpCase(name, op, List.of(shapes), forward, Optional.of(oracle), 1f, EXACT);
    }

    /** A case that is checked for gradients and determinism alone, with N(0, 1) inputs and a tolerance of 3e-2. */
    public static OpCase withoutOracle(String name, Class<? extends Op> op, Forward forward, Shape... shapes) {
        return new OpCase(name, op, List.of(shapes), forward, Optional.empty(), 1f, NOISY);
    }

    /** This case with inputs of another standard deviation. */
    public OpCase withStd(float newStd) {
        return new OpCase(name, op, shapes, forward, oracle, newStd, tolerance);
    }

    /** This case with another tolerance. */
    public OpCase withTolerance(double newTolerance) {
        return new OpCase(name, op, shapes, forward, oracle, std, newTolerance);
    }

    /** Inputs that want gradients, the same at every call. */
    Tensor[] inputs() {
        RandomGenerator random = new SplittableRandom(name.hashCode());
        return shapes.stream()
                .map(s -> Tensor.randn(random, 0f, std, s.dims()).requiresGrad(true))
                .toArray(Tensor[]::new);
    }

    static double[] doubles(Tensor t) {
        double[] d = new double[t.size()];
        Arrays.setAll(d, t::get);
        return d;
    }

    @Override
    public String toString() {
        return name;
    }
}
