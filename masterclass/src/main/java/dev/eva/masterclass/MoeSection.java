package dev.eva.masterclass;

import dev.eva.masterclass.MoeExperiment.Result;
import dev.eva.measure.Timing;
import dev.eva.moe.ExpertUsage;
import dev.eva.moe.MoE;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.LineChart;
import java.util.ArrayList;
import java.util.List;

/** A layer of routed experts, and how evenly they are used. */
final class MoeSection implements Section {
    private final MoeLayer layer;

    /** @param layer that later sections route through, too */
    MoeSection(MoeLayer layer) {
        this.layer = layer;
    }

    @Override
    public String id() {
        return "moe";
    }

    @Override
    public String title() {
        return "Experts, and who is sent to them";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text("Most parameters of a transformer sit in its feed-forward networks, and every token meets all of "
                + "them. A mixture of experts has many such networks and a *router* that sends each token to a few: "
                + "as much knowledge as all experts hold, at the cost of those that are asked. [DeepSeek-V3, "
                + "arXiv:2412.19437, section 2.1.2]");
        lesson.formula(
                "s_e = \\sigma(w_e \\cdot x) \\quad C = \\text{top-K}(s + b) \\quad "
                        + "y = \\sum_{e \\in C} \\frac{s_e}{\\sum_{j \\in C} s_j} \\text{FFN}_e(x) \\quad "
                        + "\\text{FFN}_e(x) = W_2^e (\\text{swish}(W_1^e x) \\odot W_3^e x)",
                "$x \\in (D)$ a token's state, $D = 256$; $w_e \\in (D)$ the router's row for expert $e$ of $E = 8$",
                "$W_1^e, W_3^e \\in (F, D)$ and $W_2^e \\in (D, F)$ the expert, $F = 1024$; "
                        + "$K = 2$ of them answer, those in $C$",
                "$b_e$ a bias for the choice alone, which training moves up for idle experts and down for busy ones");
        MoE moe = layer.moe(lesson);
        Result r = MoeExperiment.run(moe, lesson.random("moe batches"));
        lesson.code(MoeExperiment.class, "usage");
        sizes(lesson, r);
        balance(lesson, r.usage());
        pictures(lesson, r);
    }

    private static void sizes(Lesson lesson, Result r) {
        List<Timing> times = MoeExperiment.times(
                lesson.random("moe times"), lesson.settings().quick() ? 5 : 21);
        Figures f = lesson.figures();
        f.put("moe.parameters", r.parameters());
        f.put("moe.active_parameters", r.activeParameters());
        f.put("moe.speedup", (double) MoeExperiment.EXPERTS / MoeExperiment.TOP_K, "x");
        f.put("paper.moe.speedup", 4.0, "x");
        f.put("moe.time_some", 1e3 * times.get(0).median(), "ms");
        f.put("moe.time_all", 1e3 * times.get(1).median(), "ms");
        f.put("moe.measured_speedup", times.get(1).median() / times.get(0).median(), "x");
        lesson.table(DataTable.of(
                        "The layer, and a batch of $4 \\times 32$ tokens through it; times are medians, taken in turn.",
                        "",
                        "value")
                .row("parameters", "{moe.parameters}")
                .row("of these a token meets", "{moe.active_parameters}")
                .row("speed-up in theory, $E / K$ (founding document: {paper.moe.speedup:1})", "{moe.speedup:1}")
                .row("time with $2$ experts a token", "{moe.time_some:2}")
                .row("time with all $8$", "{moe.time_all:2}")
                .row("speed-up measured", "{moe.measured_speedup:2}"));
        lesson.text("The measured ratio counts all that the theory leaves out: the router, copying tokens to their "
                + "experts and back, and weights that are read whether few tokens use them or many.");
    }

    private static void balance(Lesson lesson, ExpertUsage usage) {
        lesson.heading("How even is it?");
        lesson.formula(
                "u_e = \\frac{n_e}{\\sum_j n_j} \\quad \\text{score} = 1 - \\frac{\\sum_e | u_e - 1/E |}{2 (1 - 1/E)} "
                        + "\\quad \\text{MaxVio} = \\frac{\\max_e n_e}{\\text{mean}_e n_e} - 1",
                "$n_e$ tokens sent to expert $e$; a score of $1$ is even, $0$ means one expert takes all",
                "MaxVio $0$ is even; $0.5$ means the busiest expert has half as much again as its share");
        lesson.formula(
                "\\text{entropy} = - \\frac{1}{T} \\sum_t \\sum_e p_{te} \\ln p_{te} \\quad p_{te} = "
                        + "\\frac{s_{te}}{\\sum_j s_{tj}} \\quad \\le \\ln E",
                "how undecided the router is about a token, in nats");
        Figures f = lesson.figures();
        double[] u = usage.utilisation();
        for (int e = 0; e < u.length; e++) {
            f.put("moe.utilisation." + e, 100 * u[e], "%");
        }
        f.put("moe.variance", usage.variance());
        f.put("moe.worst_variance", MoeExperiment.worstVariance());
        f.put("moe.score", usage.balanceScore());
        f.put("moe.min", 100 * usage.minUtilisation(), "%");
        f.put("moe.max", 100 * usage.maxUtilisation(), "%");
        f.put("moe.max_vio", usage.maxVio());
        f.put("moe.entropy", usage.routingEntropy(), "nats");
        f.put("moe.entropy_max", Math.log(MoeExperiment.EXPERTS), "nats");
        f.put("moe.entropy_ratio", usage.entropyRatio());
        f.put("paper.moe.max_vio", 0.04);
        lesson.table(
                DataTable.of("Over $11$ batches of random tokens, before any training.", "", "value", "even would be")
                        .row("balance score", "{moe.score:3}", "$1$")
                        .row("variance of $u_e$ (at worst {moe.worst_variance:4})", "{moe.variance:6}", "$0$")
                        .row("least and most used expert", "{moe.min:1} to {moe.max:1}", "$12.5$ %")
                        .row("MaxVio (trained, in the paper: {paper.moe.max_vio:2})", "{moe.max_vio:3}", "$0$")
                        .row("routing entropy", "{moe.entropy:4}", "{moe.entropy_max:4}")
                        .row("entropy over $\\ln E$", "{moe.entropy_ratio:4}", "$1$"));
        lesson.finding(
                "An untrained router on noise is nearly even, with a balance score of {moe.score:3}; training is what "
                        + "makes experts differ, and balance a problem. The variance says next to nothing: if every "
                        + "token chose the same two experts it would be {moe.worst_variance:4}, so the founding "
                        + "document's criterion, less than $0.1$, cannot be missed. MaxVio, {moe.max_vio:3}, is the "
                        + "figure to watch. The entropy says little here: sigmoid scores of small logits are all near "
                        + "a half.");
    }

    private static void pictures(Lesson lesson, Result r) {
        List<String> experts = new ArrayList<>();
        for (int e = 0; e < MoeExperiment.EXPERTS; e++) {
            experts.add(Integer.toString(e));
        }
        double[] percent = r.usage().utilisation();
        double[] even = new double[percent.length];
        for (int e = 0; e < percent.length; e++) {
            percent[e] *= 100;
            even[e] = 100.0 / percent.length;
        }
        lesson.picture(
                "moe-utilisation",
                new BarChart("Share of routed tokens", "expert", "%", experts)
                        .bars("this router", percent)
                        .bars("even", even),
                "Each expert's share of all routed tokens, beside an even share.");
        double[] batch = new double[MoeExperiment.BATCHES];
        double[] score = new double[batch.length];
        for (int i = 0; i < batch.length; i++) {
            batch[i] = i + 1;
            score[i] = r.scoreByBatch().get(i);
        }
        lesson.picture(
                "moe-score",
                new LineChart("Balance score of all tokens so far", "batches", "score")
                        .marked("score", batch, score)
                        .size(640, 320),
                "A few tokens always look uneven, even for a fair router: with more of them the score settles at what "
                        + "the router really does.");
    }
}
