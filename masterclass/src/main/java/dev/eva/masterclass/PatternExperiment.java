package dev.eva.masterclass;

import dev.eva.moe.ExpertUsage;
import dev.eva.moe.MoE;
import dev.eva.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Eight inputs of one pattern each, through one router. */
final class PatternExperiment {
    static final int SEQUENCES = 2;
    static final int LENGTH = 16;
    static final int PATTERNS = 8;

    private static final int WAVES = 4;

    private PatternExperiment() {}

    /**
     * What came out.
     *
     * @param counts (patterns, experts) tokens of a pattern sent to an expert
     * @param each usage by the tokens of a pattern
     * @param all usage by all of them
     */
    record Result(double[][] counts, List<ExpertUsage> each, ExpertUsage all) {
        /** The expert with most tokens; the first of several. */
        int mostUsed() {
            return extreme(1);
        }

        /** The expert with fewest tokens; the first of several. */
        int leastUsed() {
            return extreme(-1);
        }

        private int extreme(int sign) {
            long[] n = all.counts();
            int best = 0;
            for (int e = 1; e < n.length; e++) {
                best = sign * n[e] > sign * n[best] ? e : best;
            }
            return best;
        }

        /** The founding document's word for the balance score of all patterns. */
        String verdict() {
            double score = all.balanceScore();
            return score > 0.8 ? "excellent" : score > 0.6 ? "good" : "poor";
        }
    }

    /** {@code sin(i (p + 1) 0.1)} for p up to 3, then normal noise of standard deviation 1 to 4. */
    static String name(int pattern) {
        return pattern < WAVES ? "sine " + (pattern + 1) : "noise x" + (pattern - WAVES + 1);
    }

    static Result run(MoE moe, RandomGenerator random) {
        int experts = moe.config().nRoutedExperts();
        double[][] counts = new double[PATTERNS][];
        List<ExpertUsage> each = new ArrayList<>();
        ExpertUsage all = new ExpertUsage(experts);
        for (int p = 0; p < PATTERNS; p++) {
            ExpertUsage usage = new ExpertUsage(experts);
            // snippet: pattern
            float[] row = pattern(p, moe.config().hiddenSize(), random);
            var routing = moe.router().forward(tile(row, SEQUENCES * LENGTH));
            usage.add(routing);
            all.add(routing);
            // end
            counts[p] = Arrays.stream(usage.counts()).asDoubleStream().toArray();
            each.add(usage);
        }
        return new Result(counts, each, all);
    }

    /** The experts that got any token. */
    static int[] chosen(double[] counts) {
        return IntStream.range(0, counts.length).filter(e -> counts[e] > 0).toArray();
    }

    private static float[] pattern(int p, int width, RandomGenerator random) {
        float[] row = new float[width];
        for (int i = 0; i < width; i++) {
            row[i] = (float) (p < WAVES ? Math.sin(i * (p + 1) * 0.1) : random.nextGaussian() * (p - WAVES + 1));
        }
        return row;
    }

    private static Tensor tile(float[] row, int times) {
        float[] all = new float[row.length * times];
        for (int t = 0; t < times; t++) {
            System.arraycopy(row, 0, all, t * row.length, row.length);
        }
        return Tensor.of(all, times, row.length);
    }
}
