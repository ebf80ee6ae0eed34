package dev.eva.mla;

import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.util.Arrays;

/**
 * Results of scanning parts of a cache, for (token, chunk, head) in this order: sums {@code z} (rows, R) that are not
 * normalised and {@code stats} (rows, 2), the largest score and the sum of exponentials relative to it.
 */
record Partials(Tensor z, Tensor stats, int chunks, int heads) {
    /**
     * @param reuse the last ones, which are returned where they are the same; or null
     */
    static Partials of(int tokens, int chunks, int heads, int rank, Partials reuse) {
        int rows = tokens * chunks * heads;
        Tensor z = Workspace.roomy(rows, rank);
        Tensor stats = Workspace.roomy(rows, 2);
        boolean same = reuse != null && reuse.z == z && reuse.stats == stats && reuse.chunks == chunks;
        return same && reuse.heads == heads ? reuse : new Partials(z, stats, chunks, heads);
    }

    int row(int token, int chunk, int head) {
        return (token * chunks + chunk) * heads + head;
    }

    /** {@code out = sum_i e^(max_i - max) z_i / sum_i e^(max_i - max) sum_i} over the first {@code count} chunks. */
    void join(int token, int head, int count, float[] out, int outOffset) {
        int r = z.dim(1);
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            max = Math.max(max, max(row(token, i, head)));
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            int row = row(token, i, head);
            sum += Math.exp(max(row) - max) * stats.get(2 * row + 1);
        }
        Arrays.fill(out, outOffset, outOffset + r, 0f);
        for (int i = 0; i < count; i++) {
            int row = row(token, i, head);
            add((float) (Math.exp(max(row) - max) / sum), z.array(), z.offset() + row * r, r, out, outOffset);
        }
    }

    void release() {
        Workspace.releaseUnheld(z);
        Workspace.releaseUnheld(stats);
    }

    private float max(int row) {
        return stats.get(2 * row);
    }

    private static void add(float factor, float[] from, int fromAt, int n, float[] to, int toAt) {
        for (int i = 0; i < n; i++) {
            to[toAt + i] += factor * from[fromAt + i];
        }
    }
}
