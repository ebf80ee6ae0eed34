package dev.eva.model.generate;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * What the next token may be, and how likely.
 *
 * @param ids different ids, at least one
 * @param p their probabilities, positive, sum 1
 */
record Distribution(int[] ids, double[] p) {
    /** Always this token. */
    static Distribution certain(int id) {
        return new Distribution(new int[] {id}, new double[] {1});
    }

    /** Draws a token; a certain one without drawing. */
    int draw(RandomGenerator random) {
        return draw(ids, p, ids.length, random);
    }

    /** The same from the first {@code n} of longer arrays. */
    static int draw(int[] ids, double[] p, int n, RandomGenerator random) {
        if (n == 1) {
            return ids[0];
        }
        double u = random.nextDouble();
        for (int i = 0; i < n; i++) {
            u -= p[i];
            if (u < 0) {
                return ids[i];
            }
        }
        return ids[n - 1];
    }

    /** Probability of an id. */
    double of(int id) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == id) {
                return p[i];
            }
        }
        return 0;
    }

    /**
     * What this distribution P has more than Q: {@code max(0, P - Q)}, to sum 1. Drawn from where a token of Q was
     * refused, it makes the whole a draw from P (arXiv:2211.17192, appendix A.1).
     *
     * @param vocab number of ids
     */
    Distribution beyond(Distribution q, int vocab) {
        double[] rest = new double[vocab];
        for (int i = 0; i < ids.length; i++) {
            rest[ids[i]] = p[i];
        }
        for (int i = 0; i < q.ids.length; i++) {
            rest[q.ids[i]] -= q.p[i];
        }
        double sum = Arrays.stream(ids).mapToDouble(id -> Math.max(0, rest[id])).sum();
        if (!(sum > 0)) {
            // P and Q are the same but for rounding.
            return this;
        }
        int[] left = Arrays.stream(ids).filter(id -> rest[id] > 0).toArray();
        return new Distribution(
                left, Arrays.stream(left).mapToDouble(id -> rest[id] / sum).toArray());
    }
}
