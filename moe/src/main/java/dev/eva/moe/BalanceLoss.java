package dev.eva.moe;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.autograd.Ctx;
import dev.eva.tensor.autograd.Op;
import dev.eva.tensor.autograd.Tape;

/**
 * Sequence-wise balance loss, averaged over the sequences: {@code L = alpha * sum_e f_e P_e} with
 * {@code f_e = E / (K T) * #(t : e among the K best of s_t)} and {@code P_e = 1/T sum_t s_te / sum_j s_tj}. Perfect
 * balance gives alpha.
 *
 * <p>f counts the K best by the scores alone: no bias, no groups. It is a constant for the gradient:
 * {@code ds_jt = alpha / (T S_t) (f_j - sum_e f_e s_te / S_t)}, {@code S_t = sum_j s_tj}.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, equations 17 to 20.
 *
 * @param length T, tokens a sequence
 * @param perToken K
 * @param alpha weight of the loss
 */
public record BalanceLoss(int length, int perToken, float alpha) implements Op {
    /** The loss () of a layer's routing of {@code batch} sequences of {@code length} tokens. */
    public static Tensor balanceLoss(Routing routing, int batch, int length, float alpha) {
        if (routing.scores().dim(0) != batch * length) {
            throw new IllegalArgumentException("balanceLoss: scores "
                    + routing.scores().shape() + "; need batch " + batch + " * length " + length + " rows");
        }
        return balanceLoss(routing.scores(), length, routing.expertsPerToken(), alpha);
    }

    static Tensor balanceLoss(Tensor scores, int length, int perToken, float alpha) {
        return Tape.apply(new BalanceLoss(length, perToken, alpha), scores);
    }

    @Override
    public Tensor forward(Ctx ctx, Tensor... in) {
        Tensor scores = in[0];
        int experts = scores.dim(1);
        int batch = scores.dim(0) / length;
        int[] best = new ExpertSelection(new RoutingMethod.Greedy(), experts, perToken).select(scores, null);
        Tensor f = ctx.zeros(Shape.of(batch, experts));
        double[] losses = new double[batch];
        Parallel.run(batch, b -> {
            int fAt = f.offset() + b * experts;
            float share = (float) experts / ((float) perToken * length);
            for (int pick = b * length * perToken; pick < (b + 1) * length * perToken; pick++) {
                f.array()[fAt + best[pick]]++; // whole numbers: no rounding
            }
            for (int e = 0; e < experts; e++) {
                f.array()[fAt + e] *= share;
            }
            for (int t = b * length; t < (b + 1) * length; t++) {
                losses[b] += weightedShare(scores, t, f.array(), fAt) / length;
            }
        });
        double loss = 0;
        for (double l : losses) {
            loss += l / batch;
        }
        ctx.save(f);
        Tensor out = ctx.empty();
        out.fill((float) (alpha * loss));
        return out;
    }

    @Override
    public Tensor[] backward(Ctx ctx, Tensor dOut) {
        Tensor scores = ctx.input(0);
        Tensor f = ctx.saved(0);
        int experts = scores.dim(1);
        int batch = scores.dim(0) / length;
        double scale = (double) dOut.item() * alpha / ((double) batch * length);
        Tensor dScores = ctx.empty(scores.shape());
        Parallel.rows(scores.dim(0), experts, (from, to) -> {
            for (int t = from; t < to; t++) {
                int fAt = f.offset() + t / length * experts;
                double mean = weightedShare(scores, t, f.array(), fAt);
                double factor = scale / sum(scores, t);
                for (int e = 0; e < experts; e++) {
                    dScores.array()[dScores.offset() + t * experts + e] =
                            (float) (factor * (f.array()[fAt + e] - mean));
                }
            }
        });
        return new Tensor[] {dScores};
    }

    /** {@code sum_e f_e s_te / S_t}. */
    private static double weightedShare(Tensor scores, int token, float[] f, int fAt) {
        int experts = scores.dim(1);
        int at = scores.offset() + token * experts;
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            sum += (double) f[fAt + e] * scores.array()[at + e];
        }
        return sum / sum(scores, token);
    }

    private static double sum(Tensor scores, int token) {
        int experts = scores.dim(1);
        double sum = 0;
        for (int e = 0; e < experts; e++) {
            sum += scores.array()[scores.offset() + token * experts + e];
        }
        return sum;
    }
}
