package dev.eva.moe;

import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/**
 * Weights of the chosen experts, from the scores without bias: {@code g_e = factor * s_e / (sum_T s + 1e-20)}, or
 * {@code g_e = factor * s_e} where they are not normalised. Shapes: scores (T, E) -> (T, K).
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, equations 13 to 15.
 *
 * @param ids (T, K) chosen experts
 * @param normalise whether a token's weights are divided by their sum
 * @param factor {@code routed_scaling_factor}
 */
record Gates(IntTensor ids, boolean normalise, float factor) implements Op {
    private static final float EPS = 1e-20f;
    private static final int GRAIN = 256;

    static Tensor gates(Tensor scores, IntTensor ids, boolean normalise, float factor) {
        return new Gates(ids, normalise, factor).of(scores);
    }

    Tensor of(Tensor scores) {
        return Tape.apply(this, scores);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor scores = in[0];
        if (scores.shape().rank() != 2 || scores.dim(0) != ids.dim(0)) {
            throw new IllegalArgumentException(
                    "gates: scores " + scores.shape() + ", chosen experts " + ids.shape() + "; need (T, E) and (T, K)");
        }
        Tensor weights = ctx.empty(ids.shape());
        if (ids.dim(0) <= GRAIN) {
            weigh(scores, weights, 0, ids.dim(0));
        } else {
            Parallel.range(ids.dim(0), GRAIN, (from, to) -> weigh(scores, weights, from, to));
        }
        return weights;
    }

    private void weigh(Tensor scores, Tensor weights, int from, int to) {
        int k = ids.dim(1);
        float[] w = weights.array();
        for (int t = from; t < to; t++) {
            float scale = normalise ? factor / (sum(scores, t) + EPS) : factor;
            for (int j = 0; j < k; j++) {
                w[weights.offset() + t * k + j] = score(scores, t, j) * scale;
            }
        }
    }

    /**
     * With {@code S = sum_T s}: {@code dS_j = factor / S (dW_j - sum_e dW_e s_e / S)}; no gradient through the choice
     * or the bias.
     */
    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor scores = ctx.input(0);
        Tensor dScores = ctx.zeros(scores.shape());
        int k = ids.dim(1);
        int experts = scores.dim(1);
        float[] d = dOut.array();
        float[] ds = dScores.array();
        Parallel.range(ids.dim(0), GRAIN, (from, to) -> {
            for (int t = from; t < to; t++) {
                int at = dOut.offset() + t * k;
                float s = normalise ? sum(scores, t) + EPS : 1f;
                float mean = 0f;
                for (int j = 0; normalise && j < k; j++) {
                    mean += d[at + j] * (score(scores, t, j) / s);
                }
                for (int j = 0; j < k; j++) {
                    ds[dScores.offset() + t * experts + ids.get(t * k + j)] = factor / s * (d[at + j] - mean);
                }
            }
        });
        return new Tensor[] {dScores};
    }

    private float score(Tensor scores, int token, int j) {
        return scores.array()[scores.offset() + token * scores.dim(1) + ids.get(token * ids.dim(1) + j)];
    }

    private float sum(Tensor scores, int token) {
        float sum = 0f;
        for (int j = 0; j < ids.dim(1); j++) {
            sum += score(scores, token, j);
        }
        return sum;
    }
}
