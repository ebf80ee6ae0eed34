package dev.eva.moe;

import java.util.Arrays;

/**
 * How evenly the experts of a layer are used, over all routings that it has seen.
 *
 * <p>Letters: E experts; {@code u_e} the share of all routed slots that went to expert e.
 */
public final class ExpertUsage {
    private final long[] counts;
    private double entropySum;
    private long tokens;

    /** Nothing seen yet, of {@code experts} experts. */
    public ExpertUsage(int experts) {
        this.counts = new long[experts];
    }

    /** Counts the tokens of a routing. */
    public void add(Routing routing) {
        if (routing.experts() != counts.length) {
            throw new IllegalArgumentException(
                    "expert usage: routing of " + routing.experts() + " experts; need " + counts.length);
        }
        for (int e = 0; e < counts.length; e++) {
            counts[e] += routing.counts()[e];
        }
        int rows = routing.scores().dim(0);
        for (int t = 0; t < rows; t++) {
            entropySum += entropy(routing.scores().array(), routing.scores().offset() + t * counts.length);
        }
        tokens += rows;
    }

    /** Forgets everything. */
    public void reset() {
        Arrays.fill(counts, 0);
        entropySum = 0;
        tokens = 0;
    }

    /** Tokens sent to each expert. */
    public long[] counts() {
        return counts.clone();
    }

    /** {@code u_e}, the share of each expert; zeros before anything was seen. */
    public double[] utilisation() {
        long total = total();
        double[] u = new double[counts.length];
        for (int e = 0; e < u.length; e++) {
            u[e] = total == 0 ? 0 : (double) counts[e] / total;
        }
        return u;
    }

    /** The smallest share. */
    public double minUtilisation() {
        return Arrays.stream(utilisation()).min().orElseThrow();
    }

    /** The largest share. */
    public double maxUtilisation() {
        return Arrays.stream(utilisation()).max().orElseThrow();
    }

    /** Variance of the shares, {@code mean (u_e - 1/E)^2}. */
    public double variance() {
        double sum = 0;
        for (double u : utilisation()) {
            sum += (u - 1.0 / counts.length) * (u - 1.0 / counts.length);
        }
        return sum / counts.length;
    }

    /** {@code 1 - sum_e |u_e - 1/E| / (2 (1 - 1/E))}: 1 when even, 0 when one expert takes all. */
    public double balanceScore() {
        if (counts.length == 1) {
            return 1;
        }
        double even = 1.0 / counts.length;
        double sum = 0;
        for (double u : utilisation()) {
            sum += Math.abs(u - even);
        }
        return 1 - sum / (2 * (1 - even));
    }

    /** {@code max(load) / mean(load) - 1} (arXiv:2408.15664): 0 when even. */
    public double maxVio() {
        return maxVio(counts);
    }

    /** {@code max(load) / mean(load) - 1} of the given loads; 0 if there are none. */
    public static double maxVio(long[] counts) {
        long total = 0;
        long max = 0;
        for (long c : counts) {
            total += c;
            max = Math.max(max, c);
        }
        return total == 0 ? 0 : (double) max * counts.length / total - 1;
    }

    /**
     * Mean over the tokens of {@code -sum_e p_e ln p_e} of their normalised scores, in nats; at most {@code ln E},
     * where the router has no preference.
     */
    public double routingEntropy() {
        return tokens == 0 ? 0 : entropySum / tokens;
    }

    /** {@link #routingEntropy()} over {@code ln E}, its largest value; 1 for a single expert. */
    public double entropyRatio() {
        return counts.length == 1 ? 1 : routingEntropy() / Math.log(counts.length);
    }

    private long total() {
        return Arrays.stream(counts).sum();
    }

    private double entropy(float[] scores, int at) {
        double sum = 0;
        for (int e = 0; e < counts.length; e++) {
            sum += scores[at + e];
        }
        double entropy = 0;
        for (int e = 0; e < counts.length; e++) {
            double p = scores[at + e] / sum;
            entropy -= p > 0 ? p * Math.log(p) : 0;
        }
        return entropy;
    }
}
