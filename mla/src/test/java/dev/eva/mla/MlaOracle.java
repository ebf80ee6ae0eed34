package dev.eva.mla;

import dev.eva.nn.Parameter;
import dev.eva.nn.Rope;
import dev.eva.nn.RopeConfig;
import dev.eva.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/**
 * Latent attention of one sequence in float64, written straight from the equations; and the configurations that tests
 * use.
 */
final class MlaOracle {
    private final MlaConfig config;
    private final Rope rope;
    private final Map<String, Tensor> weights = new HashMap<>();

    MlaOracle(MlaWeights w) {
        config = w.config();
        rope = w.rope();
        for (Parameter p : w.parameters()) {
            weights.put(p.name(), p.value());
        }
    }

    static final RopeConfig YARN = new RopeConfig(
            10000, new RopeConfig.Scaling.Yarn(40, 16, 32, 1, OptionalDouble.of(1), OptionalDouble.of(1)));

    /** Sizes that are all different, with a query latent and YaRN. */
    static MlaConfig lowRank() {
        return new MlaConfig(20, 3, new QueryProjection.LowRank(14), 11, 6, 4, 5, YARN);
    }

    /** Without query latent, without YaRN. */
    static MlaConfig direct() {
        return new MlaConfig(12, 2, new QueryProjection.Direct(), 16, 8, 6, 10, RopeConfig.plain(50000));
    }

    /** Weights large enough for scores to matter, gains that are not one. */
    static MlaWeights weights(MlaConfig config, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        MlaWeights w = MlaWeights.random(config, 0.4f, random);
        for (Parameter p : w.parameters()) {
            if (p.role() == Parameter.Role.NORM) {
                p.value().set(Tensor.randn(random, 1f, 0.3f, p.value().size()));
            }
        }
        return w;
    }

    static Tensor input(MlaConfig config, int rows, long seed) {
        return Tensor.randn(new SplittableRandom(seed), 0f, 1f, rows, config.hiddenSize());
    }

    /** (T, D) -> (T, D). */
    double[][] forward(Tensor x) {
        int t = x.dim(0);
        int n = config.numAttentionHeads();
        int h = config.qkHeadDim();
        int v = config.vHeadDim();
        int r = config.kvLoraRank();
        double[][] heads = new double[t][n * v];
        double[][] q = new double[t][];
        double[][] kv = new double[t][];
        double[][] kr = new double[t][];
        for (int i = 0; i < t; i++) {
            double[] xi = row(x, i);
            q[i] = weights.containsKey("wq")
                    ? times("wq", xi)
                    : times("wqB", norm("qNorm", times("wqA", xi)));
            double[] a = times("wkvA", xi);
            kv[i] = times("wkvB", norm("kvNorm", java.util.Arrays.copyOf(a, r)));
            kr[i] = java.util.Arrays.copyOfRange(a, r, a.length);
            rotate(kr[i], 0, i);
            for (int head = 0; head < n; head++) {
                rotate(q[i], head * h + config.qkNopeHeadDim(), i);
            }
            for (int head = 0; head < n; head++) {
                attend(q[i], kv, kr, i, head, heads[i]);
            }
        }
        double[][] out = new double[t][];
        for (int i = 0; i < t; i++) {
            out[i] = times("wo", heads[i]);
        }
        return out;
    }

    private void attend(double[] q, double[][] kv, double[][] kr, int i, int head, double[] out) {
        int nope = config.qkNopeHeadDim();
        int v = config.vHeadDim();
        double[] p = new double[i + 1];
        double sum = 0;
        for (int j = 0; j <= i; j++) {
            double s = 0;
            for (int d = 0; d < nope; d++) {
                s += q[head * config.qkHeadDim() + d] * kv[j][head * (nope + v) + d];
            }
            for (int d = 0; d < kr[j].length; d++) {
                s += q[head * config.qkHeadDim() + nope + d] * kr[j][d];
            }
            p[j] = Math.exp(s * rope.softmaxScale(config.qkHeadDim()));
            sum += p[j];
        }
        for (int j = 0; j <= i; j++) {
            for (int d = 0; d < v; d++) {
                out[head * v + d] += p[j] / sum * kv[j][head * (nope + v) + nope + d];
            }
        }
    }

    private void rotate(double[] x, int from, int position) {
        float[] f = rope.frequencies();
        for (int k = 0; k < f.length; k++) {
            double c = Math.cos(position * (double) f[k]) * rope.multiplier();
            double s = Math.sin(position * (double) f[k]) * rope.multiplier();
            double a = x[from + 2 * k];
            double b = x[from + 2 * k + 1];
            x[from + 2 * k] = a * c - b * s;
            x[from + 2 * k + 1] = a * s + b * c;
        }
    }

    private double[] times(String name, double[] x) {
        Tensor w = weights.get(name);
        double[] y = new double[w.dim(0)];
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < x.length; j++) {
                y[i] += w.get(i * x.length + j) * x[j];
            }
        }
        return y;
    }

    private double[] norm(String name, double[] x) {
        double squares = 0;
        for (double e : x) {
            squares += e * e;
        }
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = x[i] / Math.sqrt(squares / x.length + 1e-6) * weights.get(name).get(i);
        }
        return y;
    }

    private static double[] row(Tensor x, int i) {
        double[] y = new double[x.dim(1)];
        for (int j = 0; j < y.length; j++) {
            y[j] = x.get(i * y.length + j);
        }
        return y;
    }
}
