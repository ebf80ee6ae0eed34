package dev.eva.tensor.ops;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.kernel.PreparedWeight;
import dev.eva.tensor.testing.OpCase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * The cases of this module's ops. Shapes are odd on purpose; the last of each op is large enough to be cut in tasks.
 */
final class OpCases {
    private static final Shape[] MAPS = {shape(1), shape(0, 3), shape(3, 5), shape(2, 3, 17), shape(5, 13331)};
    private static final int[][] ROWS = {{1, 1}, {3, 7}, {2, 64}, {67, 33}, {70, 1003}, {13, 5003}};
    private static final int[][] PRODUCTS = {{1, 1, 1}, {1, 17, 5}, {7, 13, 19}, {0, 3, 2}, {33, 65, 50}, {130, 70, 140}
    };

    private final List<OpCase> cases = new ArrayList<>();

    private OpCases() {}

    static List<OpCase> all() {
        OpCases c = new OpCases();
        c.maps();
        c.totals();
        c.views();
        c.rows();
        c.lookups();
        c.products();
        c.grouped();
        c.crossEntropy();
        return c.cases;
    }

    private void maps() {
        for (Shape s : MAPS) {
            add(OpCase.of("add " + s, Add.class, x -> Add.add(x[0], x[1]), x -> zip(x[0], x[1], Double::sum), s, s));
            add(OpCase.of("add of itself " + s, Add.class, x -> Add.add(x[0], x[0]), x -> map(x[0], v -> v + v), s));
            add(OpCase.of(
                    "mul " + s, Mul.class, x -> Mul.mul(x[0], x[1]), x -> zip(x[0], x[1], (a, b) -> a * b), s, s));
            add(OpCase.of("square " + s, Mul.class, x -> Mul.mul(x[0], x[0]), x -> map(x[0], v -> v * v), s));
            add(OpCase.of("scale " + s, Scale.class, x -> Scale.scale(x[0], -1.7f), x -> map(x[0], v -> -1.7f * v), s));
            map("silu", Silu.class, s, Silu::silu, v -> v * sigmoid(v));
            map("sigmoid", Sigmoid.class, s, Sigmoid::sigmoid, OpCases::sigmoid);
        }
    }

    private void map(
            String name, Class<? extends Op> op, Shape s, UnaryOperator<Tensor> f, DoubleUnaryOperator oracle) {
        add(OpCase.of(name + " " + s, op, x -> f.apply(x[0]), x -> map(x[0], oracle), s)
                .withStd(3f));
    }

    private void totals() {
        for (Shape s : MAPS) {
            add(OpCase.of("sum " + s, Sum.class, x -> Sum.sum(x[0]), x -> new double[] {sum(x[0])}, s));
            if (s.size() > 0) {
                add(OpCase.of(
                        "mean " + s, Mean.class, x -> Mean.mean(x[0]), x -> new double[] {sum(x[0]) / x[0].length}, s));
            }
        }
    }

    private void views() {
        add(OpCase.of("reshape", Reshape.class, x -> Reshape.reshape(x[0], 5, 1, 6), x -> x[0].clone(), shape(3, 10)));
        add(OpCase.of(
                "reshape used twice",
                Reshape.class,
                x -> Add.add(Reshape.reshape(x[0], 6), Reshape.reshape(x[0], 6)),
                x -> map(x[0], v -> 2 * v),
                shape(2, 3)));
        int[][] parts = {{0, 7}, {2, 3}, {6, 1}, {3, 0}};
        for (int[] p : parts) {
            narrow(shape(3, 2, 7), p[0], p[1]);
        }
        narrow(shape(1031, 65), 3, 40);
        concat(shape(3, 2, 7), shape(3, 2, 4));
        concat(shape(5, 1), shape(5, 3));
        concat(shape(1031, 33), shape(1031, 40));
    }

    private void concat(Shape a, Shape b) {
        int n = a.dim(-1);
        int m = b.dim(-1);
        add(OpCase.of(
                "concat " + a + " and " + b,
                Concat.class,
                x -> Concat.concat(x[0], x[1]),
                x -> IntStream.range(0, a.rows() * (n + m))
                        .mapToDouble(i -> i % (n + m) < n
                                ? x[0][i / (n + m) * n + i % (n + m)]
                                : x[1][i / (n + m) * m + i % (n + m) - n])
                        .toArray(),
                a,
                b));
    }

    private void narrow(Shape s, int from, int length) {
        int n = s.dim(-1);
        add(OpCase.of(
                "narrow " + s + " from " + from + " length " + length,
                Narrow.class,
                x -> Narrow.narrow(x[0], from, length),
                x -> IntStream.range(0, s.rows() * length)
                        .mapToDouble(i -> x[0][i / length * n + from + i % length])
                        .toArray(),
                s));
    }

    private void rows() {
        for (int[] r : ROWS) {
            int rows = r[0];
            int n = r[1];
            Shape s = shape(rows, n);
            add(OpCase.of(
                            "softmax " + s,
                            Softmax.class,
                            x -> Softmax.softmax(x[0]),
                            x -> perRow(x[0], rows, n, n, OpCases::softmax),
                            s)
                    .withStd(2f));
            add(OpCase.of(
                    "rmsNorm " + s,
                    RmsNorm.class,
                    x -> RmsNorm.rmsNorm(x[0], x[1], 1e-3f),
                    x -> perRow(x[0], rows, n, n, row -> rmsNorm(row, x[1])),
                    s,
                    shape(n)));
            Shape fused = shape(rows, 2 * n);
            add(OpCase.of(
                            "swiGlu " + fused,
                            SwiGlu.class,
                            x -> SwiGlu.swiGlu(x[0]),
                            x -> perRow(x[0], rows, 2 * n, n, OpCases::swiGlu),
                            fused)
                    .withStd(2f));
        }
    }

    private void lookups() {
        int[][] sizes = {{1, 1, 1}, {7, 5, 12}, {3, 130, 0}, {11, 200, 701}};
        for (int[] z : sizes) {
            int[] rows = new SplittableRandom(3).ints(z[2], 0, z[0]).toArray();
            int d = z[1];
            Shape s = shape(z[0], d);
            OpCase.Oracle oracle = x -> IntStream.range(0, rows.length * d)
                    .mapToDouble(i -> x[0][rows[i / d] * d + i % d])
                    .toArray();
            add(OpCase.of(
                    "gatherRows " + rows.length + " of " + s,
                    GatherRows.class,
                    x -> GatherRows.gatherRows(x[0], rows),
                    oracle,
                    s));
            add(OpCase.of(
                    "embedding " + rows.length + " of " + s,
                    Embedding.class,
                    x -> Embedding.embedding(IntTensor.of(rows, rows.length), x[0]),
                    oracle,
                    s));
        }
    }

    private void products() {
        for (int[] p : PRODUCTS) {
            products(p[0], p[1], p[2]);
        }
        add(OpCase.of(
                "linear of a computed weight",
                Linear.class,
                x -> Linear.linear(x[0], new PreparedWeight(Scale.scale(x[1], 2f))),
                x -> map(matmul(6, 5, 4, x[0], transposed(4, 5, x[1])), v -> 2 * v),
                shape(2, 3, 5),
                shape(4, 5)));
    }

    private void products(int m, int k, int n) {
        String size = " " + m + "x" + k + "x" + n;
        add(OpCase.of(
                        "matmul" + size,
                        MatMul.class,
                        x -> MatMul.matmul(x[0], x[1]),
                        x -> matmul(m, k, n, x[0], x[1]),
                        shape(m, k),
                        shape(k, n))
                .withTolerance(1e-4));
        add(OpCase.of(
                        "linear" + size,
                        Linear.class,
                        x -> Linear.linear(x[0], new PreparedWeight(x[1])),
                        x -> matmul(m, k, n, x[0], transposed(n, k, x[1])),
                        shape(m, k),
                        shape(n, k))
                .withTolerance(1e-4));
        add(OpCase.of(
                        "linear with bias" + size,
                        Linear.class,
                        x -> Linear.linear(x[0], new PreparedWeight(x[1]), x[2]),
                        x -> perRow(
                                matmul(m, k, n, x[0], transposed(n, k, x[1])),
                                m,
                                n,
                                n,
                                row -> zip(row, x[2], Double::sum)),
                        shape(m, k),
                        shape(n, k),
                        shape(n))
                .withTolerance(1e-4));
    }

    private void grouped() {
        int[][] starts = {{0, 3}, {0, 0, 5, 5, 6}, {0, 0, 0}, {0, 40, 41, 41, 97, 130}};
        int[][] sizes = {{4, 3}, {5, 9}, {3, 2}, {33, 37}};
        for (int i = 0; i < starts.length; i++) {
            int[] at = starts[i];
            int groups = at.length - 1;
            int k = sizes[i][0];
            int n = sizes[i][1];
            add(OpCase.of(
                            "groupedLinear " + groups + " of " + k + "x" + n,
                            GroupedLinear.class,
                            x -> GroupedLinear.groupedLinear(x[0], new PreparedWeight(x[1]), at),
                            x -> grouped(at, k, n, x[0], x[1]),
                            shape(at[groups], k),
                            shape(groups, n, k))
                    .withTolerance(1e-4));
        }
        add(OpCase.of(
                "groupedLinear of a computed weight",
                GroupedLinear.class,
                x -> GroupedLinear.groupedLinear(x[0], new PreparedWeight(Scale.scale(x[1], 1f)), new int[] {0, 1, 3}),
                x -> grouped(new int[] {0, 1, 3}, 2, 3, x[0], x[1]),
                shape(3, 2),
                shape(2, 3, 2)));
    }

    private void crossEntropy() {
        int[][] sizes = {{1, 1}, {5, 7}, {3, 65}, {40, 2003}};
        for (int[] z : sizes) {
            int rows = z[0];
            int v = z[1];
            int[] targets = new SplittableRandom(5).ints(rows, 0, v).toArray();
            crossEntropy(rows, v, targets, "");
            if (rows > 1) {
                int[] some = targets.clone();
                some[1] = -1;
                crossEntropy(rows, v, some, " with an ignored row");
            }
        }
    }

    private void crossEntropy(int rows, int v, int[] targets, String what) {
        add(OpCase.of(
                        "crossEntropy " + rows + "x" + v + what,
                        CrossEntropy.class,
                        x -> CrossEntropy.crossEntropy(x[0], IntTensor.of(targets, rows)),
                        x -> new double[] {crossEntropy(v, targets, x[0])},
                        shape(rows, v))
                .withStd(3f));
    }

    private void add(OpCase c) {
        cases.add(c);
    }

    // ---- the oracles

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double[] softmax(double[] x) {
        double lse = Math.log(sum(map(x, Math::exp)));
        return map(x, v -> Math.exp(v - lse));
    }

    private static double[] rmsNorm(double[] x, double[] w) {
        double r = 1 / Math.sqrt(sum(map(x, v -> v * v)) / x.length + 1e-3f);
        return zip(x, w, (a, b) -> a * r * b);
    }

    private static double[] swiGlu(double[] x) {
        int f = x.length / 2;
        return IntStream.range(0, f)
                .mapToDouble(i -> x[i] * sigmoid(x[i]) * x[f + i])
                .toArray();
    }

    private static double crossEntropy(int v, int[] targets, double[] x) {
        double total = 0;
        int count = 0;
        for (int r = 0; r < targets.length; r++) {
            if (targets[r] >= 0) {
                double[] row = Arrays.copyOfRange(x, r * v, (r + 1) * v);
                total += Math.log(sum(map(row, Math::exp))) - row[targets[r]];
                count++;
            }
        }
        return total / count;
    }

    private static double[] matmul(int m, int k, int n, double[] a, double[] b) {
        double[] c = new double[m * n];
        for (int i = 0; i < m; i++) {
            for (int p = 0; p < k; p++) {
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += a[i * k + p] * b[p * n + j];
                }
            }
        }
        return c;
    }

    private static double[] transposed(int rows, int columns, double[] x) {
        double[] t = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            t[i % columns * rows + i / columns] = x[i];
        }
        return t;
    }

    private static double[] grouped(int[] starts, int k, int n, double[] x, double[] w) {
        double[] y = new double[starts[starts.length - 1] * n];
        for (int g = 0; g + 1 < starts.length; g++) {
            int rows = starts[g + 1] - starts[g];
            double[] xg = Arrays.copyOfRange(x, starts[g] * k, starts[g + 1] * k);
            double[] wg = Arrays.copyOfRange(w, g * n * k, (g + 1) * n * k);
            System.arraycopy(matmul(rows, k, n, xg, transposed(n, k, wg)), 0, y, starts[g] * n, rows * n);
        }
        return y;
    }

    private static double[] perRow(double[] x, int rows, int width, int outWidth, UnaryOperator<double[]> f) {
        double[] y = new double[rows * outWidth];
        for (int r = 0; r < rows; r++) {
            double[] row = f.apply(Arrays.copyOfRange(x, r * width, (r + 1) * width));
            System.arraycopy(row, 0, y, r * outWidth, outWidth);
        }
        return y;
    }

    private static double[] map(double[] x, DoubleUnaryOperator f) {
        return Arrays.stream(x).map(f).toArray();
    }

    private static double[] zip(double[] a, double[] b, DoubleBinaryOperator f) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> f.applyAsDouble(a[i], b[i]))
                .toArray();
    }

    private static double sum(double[] x) {
        return Arrays.stream(x).sum();
    }

    private static Shape shape(int... dims) {
        return Shape.of(dims);
    }
}
