package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.tensor.kernel.AdamWKernel;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.Normalization;
import dev.eva.tensor.kernel.SoftmaxKernel;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** The kernels between the products, over rows of 256 values. */
public final class RowCases {
    private static final int W = RowCase.WIDTH;
    private static final Function<float[][], float[]> ALL = Draw::joined;

    private final int rows;
    private final float[] x;
    private final float[] y;
    private final float[] weight = Draw.uniform(W, 43);
    private final int[] targets;

    /** @param n elements, a multiple of 256 */
    private RowCases(int n) {
        this.rows = n / W;
        this.x = Draw.uniform(n, 41);
        this.y = Draw.uniform(n, 42);
        this.targets = new int[rows];
        for (int r = 0; r < rows; r++) {
            targets[r] = r % W;
        }
    }

    /** Names of all kernels. */
    public static List<String> names() {
        return List.of(
                "add",
                "silu",
                "silu-backward",
                "swiglu",
                "swiglu-backward",
                "rmsnorm",
                "rmsnorm-backward",
                "softmax",
                "cross-entropy",
                "cross-entropy-backward",
                "adamw");
    }

    /**
     * The kernel of a name.
     *
     * @param n elements, a multiple of 512
     */
    public static Case of(String name, int n) {
        if (n < 2 * W || n % (2 * W) != 0) {
            throw new IllegalArgumentException("row kernel: " + n + " elements; need a multiple of " + 2 * W);
        }
        RowCases with = new RowCases(n);
        return switch (name) {
            case "add", "silu", "silu-backward" -> with.map(name);
            case "swiglu", "swiglu-backward" -> with.gated(name);
            case "rmsnorm", "rmsnorm-backward" -> with.normalization(name);
            case "softmax", "cross-entropy", "cross-entropy-backward" -> with.softmax(name);
            case "adamw" -> with.adamW();
            default ->
                throw new IllegalArgumentException("row kernel: no " + name + "; have " + String.join(", ", names()));
        };
    }

    private <F> Case row(
            String name,
            double flops,
            double bytes,
            Class<F> family,
            F reference,
            float[][] outputs,
            RowCase.Part<F> part) {
        return new RowCase<>(name, rows, flops, bytes, family, reference, outputs, part, ALL);
    }

    private Case map(String name) {
        float[][] out = {new float[x.length]};
        RowCase.Part<Elementwise> part = switch (name) {
            case "add" -> (f, o, from, to) -> f.add((to - from) * W, x, from * W, y, from * W, o[0], from * W);
            case "silu" -> (f, o, from, to) -> f.silu((to - from) * W, x, from * W, o[0], from * W);
            default -> (f, o, from, to) -> f.siluBackward((to - from) * W, x, from * W, y, from * W, o[0], from * W);
        };
        double flops = name.equals("add") ? 1 : name.equals("silu") ? 4 : 8;
        return row(name, flops, name.equals("silu") ? 8 : 12, Elementwise.class, Elementwise.REFERENCE, out, part);
    }

    /** Rows hold {@code W / 2} gates, then as many ups. */
    private Case gated(String name) {
        int f = W / 2;
        if (name.equals("swiglu")) {
            return row(
                    name,
                    2.5,
                    6,
                    Elementwise.class,
                    Elementwise.REFERENCE,
                    new float[][] {new float[rows * f]},
                    (k, o, from, to) -> k.swiGlu(to - from, f, x, from * W, o[0], from * f));
        }
        return row(
                name,
                6,
                10,
                Elementwise.class,
                Elementwise.REFERENCE,
                new float[][] {new float[rows * W]},
                (k, o, from, to) -> k.swiGluBackward(to - from, f, x, from * W, y, from * f, o[0], from * W));
    }

    private Case normalization(String name) {
        float eps = 1e-6f;
        float[] rstd = new float[rows];
        float[] normed = new float[x.length];
        if (name.equals("rmsnorm")) {
            return row(
                    name,
                    4,
                    8,
                    Normalization.class,
                    Normalization.REFERENCE,
                    new float[][] {normed, rstd},
                    (f, o, from, to) ->
                            f.rmsNorm(to - from, W, eps, x, from * W, weight, 0, o[0], from * W, o[1], from));
        }
        Normalization.REFERENCE.rmsNorm(rows, W, eps, x, 0, weight, 0, normed, 0, rstd, 0);
        float[][] out = {new float[x.length], new float[Math.ceilDiv(rows, RowCase.GRAIN) * W]};
        // spotless:off: one argument a line would hide which arrays belong together
        RowCase.Part<Normalization> part = (f, o, from, to) -> f.rmsNormBackward(to - from, W, x, from * W, weight, 0,
                rstd, from, y, from * W, o[0], from * W, o[1], from / RowCase.GRAIN * W);
        // spotless:on
        return new RowCase<>(
                name, rows, 9, 12, Normalization.class, Normalization.REFERENCE, out, part, RowCases::gradients);
    }

    /** The gradient of x and, added over tasks, that of the weight. */
    private static float[] gradients(float[][] out) {
        double[] sum = new double[W];
        for (int i = 0; i < out[1].length; i++) {
            sum[i % W] += out[1][i];
        }
        float[] dW = new float[W];
        Arrays.setAll(sum, i -> dW[i] = (float) sum[i]);
        return Draw.joined(out[0], dW);
    }

    private Case softmax(String name) {
        float[] lse = new float[rows];
        SoftmaxKernel reference = SoftmaxKernel.REFERENCE;
        // spotless:off: one argument a line would hide which arrays belong together
        return switch (name) {
            case "softmax" -> row(name, 4, 8, SoftmaxKernel.class, reference, new float[][] {new float[x.length]},
                    (f, o, from, to) -> f.softmax(to - from, W, x, from * W, o[0], from * W));
            case "cross-entropy" -> row(name, 3, 4, SoftmaxKernel.class, reference, new float[][] {lse, lse},
                    (f, o, from, to) -> f.crossEntropy(
                            to - from, W, x, from * W, targets, from, o[0], from, o[1], from));
            default -> {
                reference.crossEntropy(rows, W, x, 0, targets, 0, new float[rows], 0, lse, 0);
                yield row(name, 3, 8, SoftmaxKernel.class, reference, new float[][] {new float[x.length]},
                        (f, o, from, to) -> f.crossEntropyBackward(
                                to - from, W, 0.1f, x, from * W, targets, from, lse, from, o[0], from * W));
            }
        };
        // spotless:on
    }

    /** The same gradient again and again at a rate that moves nothing: what is timed does not change. */
    private Case adamW() {
        AdamWKernel.Step step = AdamWKernel.Step.at(10, 1e-9f, 0.1f, 0.9, 0.95, 1e-8);
        float[] squares = new float[x.length];
        for (int i = 0; i < squares.length; i++) {
            squares[i] = x[i] * x[i];
        }
        return row(
                "adamw",
                15,
                28,
                AdamWKernel.class,
                AdamWKernel.REFERENCE,
                new float[][] {y, x, squares},
                (f, o, from, to) ->
                        f.step((to - from) * W, step, x, from * W, o[0], from * W, o[1], from * W, o[2], from * W));
    }
}
