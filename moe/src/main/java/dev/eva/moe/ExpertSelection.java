package dev.eva.moe;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;

/**
 * The discrete half of routing: which K of E experts a token is sent to. Not differentiable. Exact ties go to the
 * lowest index, for experts and for groups.
 *
 * <p>Source: DeepSeek-V3, arXiv:2412.19437, section 2.1.2; groups as in DeepSeek-V2, arXiv:2405.04434, section 2.2.2.
 */
record ExpertSelection(RoutingMethod method, int experts, int perToken) {
    /** Tokens a task. */
    private static final int GRAIN = 128;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    /**
     * @param scores (T, E)
     * @param bias (E), added to the scores for this choice alone, or null
     * @return T * K expert numbers, ascending for each token
     */
    int[] select(Tensor scores, Tensor bias) {
        int[] ids = new int[scores.dim(0) * perToken];
        select(scores, bias, ids);
        return ids;
    }

    /** The same into {@code ids}, which has their number. */
    void select(Tensor scores, Tensor bias, int[] ids) {
        int tokens = scores.dim(0);
        if (tokens <= GRAIN) {
            select(scores, bias, ids, 0, tokens);
        } else {
            Parallel.range(tokens, GRAIN, (from, to) -> select(scores, bias, ids, from, to));
        }
    }

    private void select(Tensor scores, Tensor bias, int[] ids, int from, int to) {
        Scratch scratch = SCRATCH.get();
        scratch.resize(experts, method.groups());
        float[] biased = scratch.biased;
        float[] groups = scratch.groups;
        boolean[] taken = scratch.taken;
        for (int t = from; t < to; t++) {
            for (int e = 0; e < experts; e++) {
                float s = scores.array()[scores.offset() + t * experts + e];
                biased[e] = bias == null ? s : s + bias.array()[bias.offset() + e];
            }
            if (groups.length > 1) {
                maskGroups(biased, groups, taken);
            }
            take(biased, experts, perToken, taken);
            int at = t * perToken;
            for (int e = 0; e < experts; e++) {
                if (taken[e]) {
                    ids[at++] = e;
                }
            }
        }
    }

    /** Memory of one thread, of the sizes of the last call. */
    private static final class Scratch {
        private float[] biased = {};
        private float[] groups = {};
        private boolean[] taken = {};

        void resize(int experts, int groupCount) {
            if (biased.length != experts || groups.length != groupCount) {
                biased = new float[experts];
                groups = new float[groupCount];
                taken = new boolean[Math.max(experts, groupCount)];
            }
        }
    }

    /** Sets the experts of all but the best groups to minus infinity: zero would beat a negative biased score. */
    private void maskGroups(float[] biased, float[] groups, boolean[] taken) {
        int size = experts / groups.length;
        for (int g = 0; g < groups.length; g++) {
            groups[g] = groupScore(biased, g * size, size);
        }
        take(groups, groups.length, method.keptGroups(), taken);
        for (int e = 0; e < experts; e++) {
            if (!taken[e / size]) {
                biased[e] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private float groupScore(float[] x, int from, int size) {
        float best = Float.NEGATIVE_INFINITY;
        float second = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + size; i++) {
            if (x[i] > best) {
                second = best;
                best = x[i];
            } else if (x[i] > second) {
                second = x[i];
            }
        }
        return switch (method) {
            case RoutingMethod.NoauxTc m -> best + second;
            case RoutingMethod.GroupLimitedGreedy m -> best;
            case RoutingMethod.Greedy m -> best;
        };
    }

    /**
     * Marks the {@code k} largest of {@code x[0 .. n)}, the lower index among equals; also with NaN it marks exactly k.
     */
    private static void take(float[] x, int n, int k, boolean[] taken) {
        java.util.Arrays.fill(taken, false);
        for (int picked = 0; picked < k; picked++) {
            int best = -1;
            for (int i = 0; i < n; i++) {
                if (!taken[i] && (best < 0 || x[i] > x[best])) {
                    best = i;
                }
            }
            taken[best] = true;
        }
    }
}
