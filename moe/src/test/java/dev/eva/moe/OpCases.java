package dev.eva.moe;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.ops.Sigmoid;
import dev.eva.tensor.testing.OpCase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** The cases of this module's ops. */
final class OpCases {
    private OpCases() {}

    static List<OpCase> all() {
        List<OpCase> cases = new ArrayList<>();
        cases.add(gates(1, 1, 1, true));
        cases.add(gates(5, 7, 3, true));
        cases.add(gates(5, 7, 3, false));
        cases.add(gates(600, 4, 2, true));
        cases.add(balance(1, 1, 3, 1));
        cases.add(balance(2, 5, 7, 3));
        cases.add(balance(3, 400, 33, 4));
        cases.add(experts(1, 1, 1, 1, 1));
        cases.add(experts(1, 9, 4, 5, 3));
        cases.add(experts(6, 5, 2, 3, 7));
        cases.add(experts(33, 4, 3, 17, 5));
        cases.add(experts(40, 2, 1, 6, 5));
        cases.add(experts(150, 9, 4, 70, 19));
        return cases;
    }

    /** K different experts a token, ascending; the last expert gets none where there are enough others. */
    static IntTensor picks(int tokens, int experts, int k) {
        SplittableRandom random = new SplittableRandom(tokens * 31L + experts);
        int[] ids = new int[tokens * k];
        for (int t = 0; t < tokens; t++) {
            int[] row = random.ints(0, experts > k ? experts - 1 : experts)
                    .distinct()
                    .limit(k)
                    .sorted()
                    .toArray();
            System.arraycopy(row, 0, ids, t * k, k);
        }
        return IntTensor.of(ids, tokens, k);
    }

    /** A routing with the given weights. */
    static Routing routing(IntTensor ids, int experts, Tensor weights) {
        int[] counts = new int[experts];
        Arrays.stream(ids.array()).forEach(e -> counts[e]++);
        Tensor none = Tensor.zeros(ids.dim(0), experts);
        return new Routing(weights, ids, none, none, counts);
    }

    private static double[] sigmoid(double[] x) {
        return Arrays.stream(x).map(v -> 1 / (1 + Math.exp(-v))).toArray();
    }

    private static OpCase gates(int tokens, int experts, int k, boolean normalise) {
        IntTensor ids = picks(tokens, experts, k);
        return OpCase.of(
                "gates " + tokens + "x" + experts + " of " + k + (normalise ? " normalised" : ""),
                Gates.class,
                x -> Gates.gates(Sigmoid.sigmoid(x[0]), ids, normalise, 2.5f),
                x -> {
                    double[] s = sigmoid(x[0]);
                    double[] w = new double[tokens * k];
                    for (int t = 0; t < tokens; t++) {
                        double sum = 0;
                        for (int pick = t * k; pick < (t + 1) * k; pick++) {
                            w[pick] = 2.5 * s[t * experts + ids.get(pick)];
                            sum += s[t * experts + ids.get(pick)];
                        }
                        for (int pick = t * k; normalise && pick < (t + 1) * k; pick++) {
                            w[pick] /= sum;
                        }
                    }
                    return w;
                },
                Shape.of(tokens, experts));
    }

    private static OpCase balance(int sequences, int length, int experts, int k) {
        return OpCase.of(
                "balanceLoss " + sequences + "x" + length + "x" + experts + " of " + k,
                BalanceLoss.class,
                x -> BalanceLoss.balanceLoss(Sigmoid.sigmoid(x[0]), length, k, 0.7f),
                x -> new double[] {MoeOracle.balanceLoss(sigmoid(x[0]), experts, length, k, 0.7f)},
                Shape.of(sequences * length, experts));
    }

    /** Inputs: tokens, their weights for their experts, both matrices of all experts. */
    private static OpCase experts(int tokens, int experts, int k, int d, int f) {
        IntTensor ids = picks(tokens, experts, k);
        return OpCase.of(
                        "routed experts " + tokens + "x" + d + ", " + experts + " of " + k + ", " + f,
                        ExpertFfn.class,
                        x -> new RoutedExperts(x[2], x[3]).forward(x[0], routing(ids, experts, x[1])),
                        x -> MoeOracle.experts(ids.array(), d, f, x[0], x[1], x[2], x[3]),
                        Shape.of(tokens, d),
                        Shape.of(tokens, k),
                        Shape.of(experts, 2 * f, d),
                        Shape.of(experts, d, f))
                .withStd(0.5f)
                .withTolerance(1e-4);
    }
}
