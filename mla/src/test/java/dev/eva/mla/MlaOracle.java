package dev.eva.mla;

import dev.eva.nn.FreshWeights;
import dev.eva.nn.Parameter;
import dev.eva.nn.Rope;
import dev.eva.nn.RopeConfig;
import dev.eva.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/** Latent attention in float64, written straight from the equations; and the configurations that tests use. */
final class MlaOracle {
    static final RopeConfig YARN = new RopeConfig(
            10000, new RopeConfig.Scaling.Yarn(40, 16, 32, 1, OptionalDouble.of(1), OptionalDouble.of(1)));

    private final MlaConfig config;
    private final Rope rope;
    private final int batch;
    private final int length;

    MlaOracle(MlaConfig config, int batch, int length) {
        this.config = config;
        this.rope = new Rope(config.rope(), config.qkRopeHeadDim(), Integer.MAX_VALUE);
        this.batch = batch;
        this.length = length;
    }

    /** Sizes that are all different, with a query latent and YaRN. */
    static MlaConfig lowRank() {
        return new MlaConfig(20, 3, new QueryProjection.LowRank(14), 11, 6, 4, 5, YARN);
    }

    /** Without query latent, without YaRN. */
    static MlaConfig direct() {
        return new MlaConfig(12, 2, new QueryProjection.Direct(), 16, 8, 6, 10, RopeConfig.plain(50000));
    }

    /** Enough heads and columns for whole vectors and their tails. */
    static MlaConfig wide() {
        return new MlaConfig(24, 21, new QueryProjection.LowRank(9), 75, 7, 8, 9, YARN);
    }

    /** Heads that several threads share where a context is short. */
    static MlaConfig manyHeads() {
        return new MlaConfig(12, 16, new QueryProjection.Direct(), 120, 6, 8, 5, YARN);
    }

    /** Weights large enough for scores to matter, gains that are not one. */
    static MlaWeights weights(MlaConfig config, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        MlaWeights w = MlaWeights.of("attn", config, new FreshWeights(0.4f, random));
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

    /** The layer on one sequence x (T, D). */
    static double[] layer(MlaWeights w, Tensor x) {
        Map<String, double[]> values = new HashMap<>();
        w.parameters().forEach(p -> values.put(p.name(), doubles(p.value())));
        return new MlaOracle(w.config(), 1, x.dim(0)).layer(values, doubles(x));
    }

    static double[] doubles(Tensor t) {
        double[] d = new double[t.size()];
        Arrays.setAll(d, t::get);
        return d;
    }

    /** x (B*T, D) -> (B*T, D). */
    double[] layer(Map<String, double[]> w, double[] x) {
        double[] q = w.containsKey("wq")
                ? times(w.get("wq"), x)
                : times(w.get("wqB"), norm(w.get("qNorm"), times(w.get("wqA"), x)));
        double[] cK = times(w.get("wkvA"), x);
        int r = config.kvLoraRank();
        double[] c = perRow(cK, row -> Arrays.copyOf(row, r));
        double[] kRope = perRow(cK, row -> Arrays.copyOfRange(row, r, row.length));
        double[] kv = times(w.get("wkvB"), norm(w.get("kvNorm"), c));
        return times(w.get("wo"), attention(q, kv, kRope));
    }

    /** q (B*T, N*(nope+rope)), kv (B*T, N*(nope+v)), kRope (B*T, rope) -> (B*T, N*v). */
    double[] attention(double[] q, double[] kv, double[] kRope) {
        int n = config.numAttentionHeads();
        double[] out = new double[batch * length * n * config.vHeadDim()];
        for (int b = 0; b < batch; b++) {
            for (int i = 0; i < length; i++) {
                for (int head = 0; head < n; head++) {
                    attend(q, kv, kRope, b, i, head, out);
                }
            }
        }
        return out;
    }

    private void attend(double[] q, double[] kv, double[] kRope, int b, int i, int head, double[] out) {
        int n = config.numAttentionHeads();
        int v = config.vHeadDim();
        int nope = config.qkNopeHeadDim();
        double[] p = new double[i + 1];
        double sum = 0;
        for (int j = 0; j <= i; j++) {
            p[j] = Math.exp(score(q, kv, kRope, b, i, j, head) * rope.softmaxScale(config.qkHeadDim()));
            sum += p[j];
        }
        for (int j = 0; j <= i; j++) {
            for (int d = 0; d < v; d++) {
                out[((b * length + i) * n + head) * v + d] +=
                        p[j] / sum * kv[((b * length + j) * n + head) * (nope + v) + nope + d];
            }
        }
    }

    private double score(double[] q, double[] kv, double[] kRope, int b, int i, int j, int head) {
        int n = config.numAttentionHeads();
        int nope = config.qkNopeHeadDim();
        int h = config.qkHeadDim();
        int qAt = ((b * length + i) * n + head) * h;
        int kAt = ((b * length + j) * n + head) * (nope + config.vHeadDim());
        double s = 0;
        for (int d = 0; d < nope; d++) {
            s += q[qAt + d] * kv[kAt + d];
        }
        double[] qr = rotated(q, qAt + nope, i);
        double[] kr = rotated(kRope, (b * length + j) * (h - nope), j);
        for (int d = 0; d < h - nope; d++) {
            s += qr[d] * kr[d];
        }
        return s;
    }

    private double[] rotated(double[] x, int from, int position) {
        float[] f = rope.frequencies();
        double[] y = new double[2 * f.length];
        for (int k = 0; k < f.length; k++) {
            double c = Math.cos(position * (double) f[k]) * rope.multiplier();
            double s = Math.sin(position * (double) f[k]) * rope.multiplier();
            y[2 * k] = x[from + 2 * k] * c - x[from + 2 * k + 1] * s;
            y[2 * k + 1] = x[from + 2 * k] * s + x[from + 2 * k + 1] * c;
        }
        return y;
    }

    private double[] times(double[] w, double[] x) {
        return perRow(x, row -> {
            double[] y = new double[w.length / row.length];
            for (int i = 0; i < w.length; i++) {
                y[i / row.length] += w[i] * row[i % row.length];
            }
            return y;
        });
    }

    private double[] norm(double[] g, double[] x) {
        return perRow(x, row -> {
            double root = Math.sqrt(Arrays.stream(row).map(e -> e * e).sum() / row.length + 1e-6);
            double[] y = new double[row.length];
            Arrays.setAll(y, i -> row[i] / root * g[i]);
            return y;
        });
    }

    private double[] perRow(double[] x, UnaryOperator<double[]> f) {
        int rows = batch * length;
        int width = x.length / rows;
        double[][] y = new double[rows][];
        Arrays.setAll(y, i -> f.apply(Arrays.copyOfRange(x, i * width, (i + 1) * width)));
        return Arrays.stream(y).flatMapToDouble(Arrays::stream).toArray();
    }
}
