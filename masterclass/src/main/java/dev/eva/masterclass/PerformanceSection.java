package dev.eva.masterclass;

import dev.eva.masterclass.LengthExperiment.Row;
import dev.eva.masterclass.TrainingExperiment.Results;
import dev.eva.model.DeepSeekConfig;
import dev.eva.moe.ExpertUsage;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.HeatMap;
import dev.eva.report.LineChart;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The trained model looked at from all sides: length, experts, a score for each part. */
final class PerformanceSection implements Section {
    private static final int LONGEST = 4096;
    private static final int LONGEST_QUICK = 512;
    private static final int RUNS = 3;

    private final TrainingExperiment training;

    PerformanceSection(TrainingExperiment training) {
        this.training = training;
    }

    @Override
    public String id() {
        return "performance";
    }

    @Override
    public String title() {
        return "What it costs, and who does the work";
    }

    @Override
    public void run(Lesson lesson) {
        Results results = training.results(lesson::progress);
        double slope = lengths(lesson, results.trained().model().config());
        experts(lesson, results.trained());
        scores(lesson, ComponentScores.of(results, slope));
    }

    private static double lengths(Lesson lesson, DeepSeekConfig shape) {
        lesson.text("Twice the text is twice the work for projections and experts, which look at each token "
                + "alone, and four times the work for attention, where each token looks at all before it. Which "
                + "of them rules shows as the slope of time over length, both axes logarithmic: one where the "
                + "former do, two where attention does. A latent makes the *cache* small, by the same factor at "
                + "every length; the number of scores stays.");
        lesson.formula("t(T) \\approx a \\cdot T + b \\cdot T^2");
        lesson.formula(
                "s = \\frac{\\sum_i (\\ln T_i - m) (\\ln t_i - n)}{\\sum_i (\\ln T_i - m)^2}",
                "$T$ tokens, $t$ seconds of a forward pass of one sequence",
                "$s$ the slope of the straight line with the least squares, $m$ and $n$ the means of $\\ln T_i$ "
                        + "and $\\ln t_i$");
        lesson.code(LengthExperiment.class, "times");
        lesson.progress("forward passes", 0);
        boolean quick = lesson.settings().quick();
        List<Row> rows =
                LengthExperiment.run(shape, quick ? LONGEST_QUICK : LONGEST, RUNS, lesson.random("performance"));
        lesson.progress("forward passes", 1);
        double slope = LengthExperiment.slope(rows);
        table(lesson, rows);
        Figures f = lesson.figures();
        f.put("performance.slope", slope);
        f.put("performance.slope_short", LengthExperiment.slope(rows.subList(0, rows.size() / 2)));
        f.put("performance.slope_long", LengthExperiment.slope(rows.subList(rows.size() / 2, rows.size())));
        lesson.picture(
                "performance-length",
                lengthChart(rows),
                "Measured times, and what a slope of one from the shortest would be. Where the curve bends "
                        + "upwards, attention takes over; where it lies below the line, short texts leave the "
                        + "processor less than it could do.");
        lesson.finding("Over all lengths the slope is {performance.slope:2}: {performance.slope_short:2} in the "
                + "shorter half, {performance.slope_long:2} in the longer. The cache saves "
                + "{performance.t32.row_saved:1} at every length.");
        return slope;
    }

    private static void table(Lesson lesson, List<Row> rows) {
        Figures f = lesson.figures();
        f.put("performance.runs", RUNS);
        DataTable table = DataTable.of(
                "One sequence through a model of the trained shape with fresh weights; median of "
                        + "{performance.runs} runs in turn with the fastest and the slowest. Cache of a layer in F32.",
                "tokens",
                "ms",
                "fastest, slowest",
                "tokens/s",
                "cache, KiB",
                "latent, KiB",
                "saved");
        for (Row r : rows) {
            String at = "performance.t" + r.tokens() + ".";
            f.put(at + "tokens", r.tokens());
            f.put(at + "time", 1e3 * r.time().median(), "ms");
            f.put(at + "min", 1e3 * r.time().min(), "ms");
            f.put(at + "max", 1e3 * r.time().max(), "ms");
            f.put(at + "speed", r.tokensPerSecond(), "tokens/s");
            f.put(at + "standard", kib(r.cache().standard()), "KiB");
            f.put(at + "row", kib(r.cache().withRope()), "KiB");
            f.put(at + "latent_saved", r.latentSaved(), "%");
            f.put(at + "row_saved", r.rowSaved(), "%");
            table = table.row(
                    "{" + at + "tokens}",
                    "{=" + at + "time:1}",
                    "{=" + at + "min:1}, {=" + at + "max:1}",
                    "{=" + at + "speed:0}",
                    "{=" + at + "standard:0}",
                    "{=" + at + "row:0}",
                    "{" + at + "row_saved:1}");
        }
        lesson.table(table);
    }

    private static double kib(long values) {
        return values * (double) Float.BYTES / (1 << 10);
    }

    private static LineChart lengthChart(List<Row> rows) {
        double[] x = rows.stream().mapToDouble(Row::tokens).toArray();
        double[] y = rows.stream().mapToDouble(r -> 1e3 * r.time().median()).toArray();
        double[] linear =
                rows.stream().mapToDouble(r -> y[0] * r.tokens() / x[0]).toArray();
        return new LineChart("Time of a forward pass", "tokens", "ms")
                .logLog()
                .marked("measured", x, y)
                .dashed("slope 1", x, linear);
    }

    private static void experts(Lesson lesson, TrainedModel model) {
        lesson.heading("Who does the work");
        lesson.text("Held-out text goes through the trained model, and each router's choices are counted. The "
                + "share $u_e$ of an expert is its part of all routed slots of its layer; even would be $1 / E$ "
                + "for all.");
        List<ExpertUsage> usage = model.usage();
        int dense = model.model().config().firstKDenseReplace();
        usageTable(lesson, usage, dense);
        lesson.picture(
                "performance-experts",
                heatMap(usage, dense),
                "Each row a layer with experts, each column an expert, the colour its share of the slots. A dark "
                        + "column is an expert that learns little; a light one that everybody waits for.");
    }

    private static void usageTable(Lesson lesson, List<ExpertUsage> usage, int dense) {
        Figures f = lesson.figures();
        f.put("performance.even", 1.0 / usage.getFirst().counts().length);
        DataTable table = DataTable.of(
                "Layer by layer; even is {performance.even}.",
                "layer",
                "least share",
                "largest",
                "variance",
                "MaxVio",
                "balance score",
                "entropy of the router, of its largest");
        for (int l = 0; l < usage.size(); l++) {
            ExpertUsage u = usage.get(l);
            String at = "performance.layer" + (dense + l) + ".";
            f.put(at + "index", dense + l);
            f.put(at + "min", u.minUtilisation());
            f.put(at + "max", u.maxUtilisation());
            f.put(at + "variance", u.variance());
            f.put(at + "max_vio", u.maxVio());
            f.put(at + "balance", u.balanceScore());
            f.put(at + "entropy", 100 * u.entropyRatio(), "%");
            table = table.row(
                    "{" + at + "index}",
                    "{" + at + "min:3}",
                    "{" + at + "max:3}",
                    "{" + at + "variance}",
                    "{" + at + "max_vio:2}",
                    "{" + at + "balance:3}",
                    "{" + at + "entropy:1}");
        }
        lesson.table(table);
    }

    private static HeatMap heatMap(List<ExpertUsage> usage, int dense) {
        double[][] shares = usage.stream().map(ExpertUsage::utilisation).toArray(double[][]::new);
        int experts = shares[0].length;
        HeatMap map = new HeatMap("Share of the routed slots", "expert", "", shares)
                .range(0, Math.max(2.0 / experts, max(shares)))
                .names(
                        IntStream.range(dense, dense + shares.length)
                                .mapToObj(l -> "layer " + l)
                                .toList(),
                        IntStream.range(0, experts).mapToObj(String::valueOf).toList())
                .size(720, 110 + 56 * shares.length);
        return experts <= 16 ? map.labels(3) : map;
    }

    private static double max(double[][] shares) {
        double max = 0;
        for (double[] row : shares) {
            for (double share : row) {
                max = Math.max(max, share);
            }
        }
        return max;
    }

    private static void scores(Lesson lesson, List<ComponentScores.Score> scores) {
        Figures f = lesson.figures();
        lesson.heading("A score for each part");
        lesson.text("The founding document gives its components scores. These are computed, each between zero and "
                + "one and each from figures of this page; they measure different things, so there is no sum.");
        DataTable table = DataTable.of("Component scores, and what each is computed from below.", "part", "score");
        List<String> names = new ArrayList<>();
        for (ComponentScores.Score s : scores) {
            f.put("performance.score." + s.id(), s.value());
            table = table.row(s.label(), "{performance.score." + s.id() + ":3}");
            names.add(s.label());
        }
        lesson.table(table);
        lesson.list(scores.stream().map(s -> "*" + s.label() + "*: " + s.from()).toArray(String[]::new));
        lesson.picture(
                "performance-scores",
                new BarChart("Component scores", "", "0 to 1", names)
                        .bars(
                                "score",
                                scores.stream()
                                        .mapToDouble(s -> Math.rint(1e3 * s.value()) / 1e3)
                                        .toArray())
                        .labels()
                        .yRange(0, 1),
                "The scores of the table. Learning is what a longer training would raise; the others hardly "
                        + "depend on it.");
    }
}
