package dev.eva.masterclass;

import dev.eva.measure.Interleaved;
import dev.eva.measure.Timing;
import dev.eva.mla.CacheSize;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** How the time of a forward pass and the cache grow with the length of the text. */
final class LengthExperiment {
    private LengthExperiment() {}

    /**
     * A length.
     *
     * @param tokens of the one sequence
     * @param time of a forward pass that keeps nothing
     * @param cache of a layer
     */
    record Row(int tokens, Timing time, CacheSize cache) {
        double tokensPerSecond() {
            return tokens / time.median();
        }

        double latentSaved() {
            return 100 * (1 - (double) cache.latentOnly() / cache.standard());
        }

        double rowSaved() {
            return 100 * (1 - (double) cache.withRope() / cache.standard());
        }
    }

    /**
     * Times a model of fresh weights of the shape, which takes as long as a trained one.
     *
     * @param longest the last of the lengths 32, 64, 128, ...
     * @param runs counted runs of each
     */
    static List<Row> run(DeepSeekConfig shape, int longest, int runs, RandomGenerator random) {
        DeepSeekModel model = DeepSeekModel.random(shape.withMaxPositionEmbeddings(longest), random);
        List<Integer> lengths = new ArrayList<>();
        for (int t = 32; t <= longest; t *= 2) {
            lengths.add(t);
        }
        int[] text = random.ints(longest, 0, shape.vocabSize()).toArray();
        // snippet: times
        Workspace memory = new Workspace();
        List<Runnable> ways = new ArrayList<>();
        for (int t : lengths) {
            IntTensor ids = IntTensor.of(Arrays.copyOf(text, t), 1, t);
            ways.add(() -> {
                try (Workspace.Scope scope = memory.open()) {
                    model.forward(ids);
                }
            });
        }
        List<Timing> times = Interleaved.time(1, runs, ways);
        // end
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < times.size(); i++) {
            rows.add(new Row(lengths.get(i), times.get(i), CacheSize.of(shape.mla(), lengths.get(i))));
        }
        return rows;
    }

    /**
     * The slope of the straight line through {@code (ln tokens, ln seconds)} with the least squares: 1 if a token costs
     * the same whatever the length, 2 if it costs in proportion to the length.
     */
    static double slope(List<Row> rows) {
        double meanX =
                rows.stream().mapToDouble(r -> Math.log(r.tokens)).average().orElseThrow();
        double meanY = rows.stream()
                .mapToDouble(r -> Math.log(r.time.median()))
                .average()
                .orElseThrow();
        double xy = 0;
        double xx = 0;
        for (Row r : rows) {
            double x = Math.log(r.tokens) - meanX;
            xy += x * (Math.log(r.time.median()) - meanY);
            xx += x * x;
        }
        return xy / xx;
    }
}
