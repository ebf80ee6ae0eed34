package dev.eva.masterclass;

import dev.eva.masterclass.ExpertScalingExperiment.Row;
import dev.eva.model.train.StepMetrics;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.LineChart;
import java.util.List;

/** What the founding document leaves for a second phase: hundreds of experts, and processes that train together. */
final class Phase2Section implements Section {
    private static final int STEPS = 30;
    private static final int STEPS_QUICK = 4;
    private static final int BATCH = 8;
    private static final int BATCH_QUICK = 2;
    private static final int POINTS = 60;

    private final TrainingExperiment training;

    Phase2Section(TrainingExperiment training) {
        this.training = training;
    }

    @Override
    public String id() {
        return "phase2";
    }

    @Override
    public String title() {
        return "From eight experts to hundreds, from one process to several";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text("The founding document leaves four things for later: $256$ experts as in DeepSeekMoE, balance "
                + "without an auxiliary loss, shared experts, and distributed training. The model above has "
                + "shared experts and the bias already; training by several processes is at the end of this "
                + "section. Here the number of routed experts grows while everything "
                + "that a token meets stays: the width of an expert, the two it visits, the one that all share. "
                + "So the *work* stays, and the *knowledge* that there is room for grows.");
        lesson.formula("y = \\sum_{j=1}^{K} g_j \\cdot \\text{FFN}_{e_j}(x) + \\text{FFN}_{\\text{shared}}(x)");
        lesson.formula(
                "e_1, \\dots, e_K = \\text{top}_K(s_e + b_e)",
                "$x$ a token, $(D)$; $s_e$ the sigmoid score of expert $e$ of $E$; $b_e$ its bias, moved after "
                        + "every step",
                "$g_j$ the scores of the chosen, divided by their sum, times a constant: the bias is not in them",
                "$K$ stays, $E$ grows: parameters grow with $E$, the work of a token does not");
        lesson.code(ExpertScalingExperiment.class, "shape");
        boolean quick = lesson.settings().quick();
        List<Row> rows = ExpertScalingExperiment.run(
                training.results(lesson::progress).trained().run(),
                quick ? STEPS_QUICK : STEPS,
                quick ? BATCH_QUICK : BATCH,
                lesson.settings().seed(),
                lesson::progress);
        table(lesson, rows);
        pictures(lesson, rows);
        lesson.finding("From $8$ to $256$ experts the parameters grow {phase2.growth:1} and the step takes "
                + "{phase2.time_growth:2} the time: what grows is not the arithmetic of a token but the weights "
                + "that the optimizer must go through and the smaller groups of tokens an expert gets "
                + "({phase2.e8.slots:0} a step with $8$ experts, {phase2.e256.slots:0} with $256$). Balance takes "
                + "longer with more experts, as a step moves each bias no further: MaxVio {phase2.e8.max_vio:2} "
                + "with $8$, {phase2.e256.max_vio:2} with $256$ after {phase2.steps} steps. And these are too few "
                + "to show what the room is good for: an expert of many has seen next to nothing yet. DeepSeek-V3 "
                + "feeds its $256$ experts a layer with $14.8 \\cdot 10^{12}$ tokens.");
        RanksPart.run(lesson);
    }

    private static void table(Lesson lesson, List<Row> rows) {
        Figures f = lesson.figures();
        f.put("phase2.layers", ExpertScalingExperiment.LAYERS);
        f.put("phase2.steps", rows.getFirst().course().steps().size());
        f.put("phase2.step_tokens", rows.getFirst().course().tokens());
        DataTable table = DataTable.of(
                "{phase2.layers} layers, the first without experts; AdamW, {phase2.steps} steps of "
                        + "{phase2.step_tokens} tokens each, in turn. Time: median of the second half of the "
                        + "steps. Loss and balance on held-out text.",
                "experts",
                "parameters",
                "used by a token",
                "ms a step",
                "loss, nats",
                "MaxVio",
                "balance score",
                "slots an expert a step");
        for (Row r : rows) {
            String at = "phase2.e" + r.experts() + ".";
            f.put(at + "experts", r.experts());
            f.put(at + "parameters", r.count().total());
            f.put(at + "active", r.count().active());
            f.put(at + "step_time", 1e3 * r.course().stepTime().median(), "ms");
            f.put(at + "loss", r.course().validation());
            f.put(at + "max_vio", r.course().maxVio());
            f.put(at + "balance", r.course().balanceScore());
            f.put(at + "slots", r.slotsAnExpert());
            table = table.row(
                    "{" + at + "experts}",
                    "{" + at + "parameters}",
                    "{" + at + "active}",
                    "{=" + at + "step_time:0}",
                    "{" + at + "loss:3}",
                    "{" + at + "max_vio:2}",
                    "{" + at + "balance:3}",
                    "{" + at + "slots:0}");
        }
        lesson.table(table);
        growth(f, rows.getFirst(), rows.getLast());
    }

    private static void growth(Figures f, Row first, Row last) {
        f.put("phase2.growth", (double) last.count().total() / first.count().total(), "x");
        f.put(
                "phase2.time_growth",
                last.course().stepTime().median() / first.course().stepTime().median(),
                "x");
    }

    private static void pictures(Lesson lesson, List<Row> rows) {
        lesson.picture(
                "phase2-time",
                new BarChart(
                                "Time of a training step",
                                "routed experts",
                                "ms",
                                rows.stream()
                                        .map(r -> String.valueOf(r.experts()))
                                        .toList())
                        .bars(
                                "median",
                                rows.stream()
                                        .mapToDouble(r -> Math.rint(
                                                1e3 * r.course().stepTime().median()))
                                        .toArray())
                        .labels(),
                "If a step's time followed the parameters, the last bar would be {phase2.growth:0} as high as the "
                        + "first.");
        LineChart balance = new LineChart("Balance as training goes on", "step", "MaxVio of a step");
        LineChart loss = new LineChart("Loss", "step", "nats a token");
        for (Row r : rows) {
            Thinned vio = Thinned.of(r.course().steps(), POINTS, StepMetrics::maxVio);
            Thinned nats = Thinned.of(r.course().steps(), POINTS, StepMetrics::loss);
            balance.curve(r.course().label(), vio.x(), vio.y());
            loss.curve(r.course().label(), nats.x(), nats.y());
        }
        lesson.picture(
                "phase2-balance",
                balance,
                "The more experts, the fewer tokens each gets in a step, and the more chance decides: MaxVio of a "
                        + "step rises with the number of experts even if the router were perfectly even.");
        lesson.picture(
                "phase2-loss",
                loss,
                "The same batches for all. Look for curves that part: after so few steps they hardly do.");
    }
}
