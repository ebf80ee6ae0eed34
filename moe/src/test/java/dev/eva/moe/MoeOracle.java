package dev.eva.moe;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Routing, experts and balance loss in float64, token by token, straight from the equations. */
final class MoeOracle {
    private MoeOracle() {}

    /**
     * What a token is sent to.
     *
     * @param ids ascending
     * @param weights in that order
     * @param margin by how much the closest decision, among experts or groups, was won; exact ties do not count
     */
    record Choice(int[] ids, double[] weights, double margin) {}

    static double[] scores(RoutingMethod method, double[] logits) {
        if (method instanceof RoutingMethod.NoauxTc) {
            return IntStream.range(0, logits.length)
                    .mapToDouble(e -> 1 / (1 + Math.exp(-logits[e])))
                    .toArray();
        }
        double max = IntStream.range(0, logits.length)
                .mapToDouble(e -> logits[e])
                .max()
                .orElseThrow();
        double sum = IntStream.range(0, logits.length)
                .mapToDouble(e -> Math.exp(logits[e] - max))
                .sum();
        return IntStream.range(0, logits.length)
                .mapToDouble(e -> Math.exp(logits[e] - max) / sum)
                .toArray();
    }

    static Choice route(MoeConfig c, double[] logits, double[] bias) {
        boolean noaux = c.method() instanceof RoutingMethod.NoauxTc;
        double[] scores = scores(c.method(), logits);
        double[] biased = scores.clone();
        for (int e = 0; noaux && e < biased.length; e++) {
            biased[e] += bias[e];
        }
        int size = biased.length / c.method().groups();
        double[] groups = IntStream.range(0, c.method().groups())
                .mapToDouble(g -> IntStream.range(g * size, (g + 1) * size)
                        .mapToObj(e -> biased[e])
                        .sorted(Comparator.reverseOrder())
                        .limit(noaux ? 2 : 1)
                        .mapToDouble(x -> x)
                        .sum())
                .toArray();
        List<Integer> kept = ranked(groups, IntStream.range(0, groups.length))
                .subList(0, c.method().keptGroups());
        List<Integer> ranked = ranked(biased, IntStream.range(0, biased.length).filter(e -> kept.contains(e / size)));
        int[] ids = ranked.subList(0, c.numExpertsPerTok()).stream()
                .mapToInt(e -> e)
                .sorted()
                .toArray();
        double sum = IntStream.of(ids).mapToDouble(e -> scores[e]).sum();
        double scale = c.routedScalingFactor() / (noaux && c.normTopkProb() ? sum + 1e-20 : 1);
        double[] weights = IntStream.of(ids).mapToDouble(e -> scores[e] * scale).toArray();
        double margin = Math.min(
                margin(groups, ranked(groups, IntStream.range(0, groups.length)), kept.size()),
                margin(biased, ranked, ids.length));
        return new Choice(ids, weights, margin);
    }

    /** The largest first, the lower index first among equals. */
    private static List<Integer> ranked(double[] x, IntStream candidates) {
        return candidates
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -x[i]).thenComparingInt(i -> i))
                .toList();
    }

    private static double margin(double[] x, List<Integer> ranked, int taken) {
        if (taken == ranked.size()) {
            return Double.POSITIVE_INFINITY;
        }
        double won = x[ranked.get(taken - 1)] - x[ranked.get(taken)];
        return won == 0 ? Double.POSITIVE_INFINITY : won;
    }

    /**
     * {@code sum_j w_tj FFN_ids(t, j)(x_t)}.
     *
     * @param x (T, d)
     * @param weights (T, K)
     * @param w13 (E, 2f, d)
     * @param w2 (E, d, f)
     */
    static double[] experts(int[] ids, int d, int f, double[] x, double[] weights, double[] w13, double[] w2) {
        int tokens = x.length / d;
        int k = ids.length / tokens;
        double[] out = new double[x.length];
        for (int pick = 0; pick < ids.length; pick++) {
            int t = pick / k;
            double[] y = feedForward(d, f, x, t * d, w13, ids[pick] * 2 * f * d, w2, ids[pick] * d * f);
            for (int i = 0; i < d; i++) {
                out[t * d + i] += weights[pick] * y[i];
            }
        }
        return out;
    }

    /** {@code W_2 (silu(W_1 x) * W_3 x)} of one token. */
    static double[] feedForward(int d, int f, double[] x, int xAt, double[] w13, int w13At, double[] w2, int w2At) {
        double[] y = new double[d];
        for (int h = 0; h < f; h++) {
            double gate = 0;
            double up = 0;
            for (int i = 0; i < d; i++) {
                gate += w13[w13At + h * d + i] * x[xAt + i];
                up += w13[w13At + (f + h) * d + i] * x[xAt + i];
            }
            double hidden = gate / (1 + Math.exp(-gate)) * up;
            for (int i = 0; i < d; i++) {
                y[i] += w2[w2At + i * f + h] * hidden;
            }
        }
        return y;
    }

    /** The mean over sequences of {@code alpha sum_e f_e P_e}; scores (sequences * length, E). */
    static double balanceLoss(double[] scores, int experts, int length, int k, double alpha) {
        int sequences = scores.length / experts / length;
        double loss = 0;
        for (int b = 0; b < sequences; b++) {
            double[] f = new double[experts];
            double[] p = new double[experts];
            for (int t = b * length; t < (b + 1) * length; t++) {
                double[] s = java.util.Arrays.copyOfRange(scores, t * experts, (t + 1) * experts);
                double sum = java.util.Arrays.stream(s).sum();
                ranked(s, IntStream.range(0, experts))
                        .subList(0, k)
                        .forEach(e -> f[e] += (double) experts / (k * length));
                for (int e = 0; e < experts; e++) {
                    p[e] += s[e] / sum / length;
                }
            }
            for (int e = 0; e < experts; e++) {
                loss += alpha * f[e] * p[e] / sequences;
            }
        }
        return loss;
    }
}
