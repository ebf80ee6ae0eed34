package dev.eva.masterclass;

import dev.eva.masterclass.PatternExperiment.Result;
import dev.eva.moe.ExpertUsage;
import dev.eva.report.BarChart;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import dev.eva.report.HeatMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Which experts like which input. */
final class PatternSection implements Section {
    private final MoeLayer layer;

    /** @param layer whose router is asked */
    PatternSection(MoeLayer layer) {
        this.layer = layer;
    }

    @Override
    public String id() {
        return "experts";
    }

    @Override
    public String title() {
        return "Which expert for which pattern";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text("Does a router see structure? Eight patterns go through the one of the section before: four "
                + "waves, $\\sin(0.1 (p + 1) i)$ over the $256$ values $i$ of a token for $p = 0 \\dots 3$, and four "
                + "rows of normal noise, $1$ to $4$ times as strong. Each pattern is repeated for all tokens of $2$ "
                + "sequences of $16$.");
        lesson.code(PatternExperiment.class, "pattern");
        Result r = PatternExperiment.run(layer.moe(lesson), lesson.random("patterns"));
        table(lesson, r);
        pictures(lesson, r);
        Figures f = lesson.figures();
        f.put("experts.score", r.all().balanceScore());
        f.put("experts.variance", r.all().variance());
        f.put("experts.entropy_ratio", r.all().entropyRatio());
        f.put("experts.most", r.mostUsed());
        f.put("experts.least", r.leastUsed());
        f.put("experts.most_share", 100 * r.all().maxUtilisation(), "%");
        f.put("experts.least_share", 100 * r.all().minUtilisation(), "%");
        lesson.finding(
                "Over all patterns expert {experts.most} is used most, with {experts.most_share:1} of the slots, and "
                        + "expert {experts.least} least, with {experts.least_share:1}. The balance score of "
                        + "{experts.score:3} is *" + r.verdict()
                        + "* by the founding document's scale (excellent above $0.8$, good above $0.6$).");
        lesson.text(
                "Two things to take from this. A router has no will: equal tokens go to equal experts, so a pattern "
                        + "alone can never be balanced, and the score of a single one is the lowest that two experts "
                        + "a token allow. And strength does not matter much: scaled noise is another draw of noise, "
                        + "not a pattern of its own. Balance can only come from many different tokens, which is why "
                        + "it is counted over whole batches.");
    }

    private static void table(Lesson lesson, Result r) {
        Figures f = lesson.figures();
        DataTable table = DataTable.of(
                "Each pattern by itself: $32$ equal tokens, $64$ slots.",
                "pattern",
                "experts",
                "share of each",
                "variance",
                "balance score",
                "entropy / $\\ln E$");
        for (int p = 0; p < r.each().size(); p++) {
            ExpertUsage usage = r.each().get(p);
            String at = "experts.p" + p + ".";
            int[] chosen = PatternExperiment.chosen(r.counts()[p]);
            for (int i = 0; i < chosen.length; i++) {
                f.put(at + "expert" + i, chosen[i]);
            }
            f.put(at + "share", 100 * usage.maxUtilisation(), "%");
            f.put(at + "variance", usage.variance());
            f.put(at + "score", usage.balanceScore());
            f.put(at + "entropy_ratio", usage.entropyRatio());
            table = table.row(
                    PatternExperiment.name(p).replaceAll("(?<= )(\\d)", "\\$$1\\$"),
                    "{" + at + "expert0} and {" + at + "expert1}",
                    "{" + at + "share:1}",
                    "{" + at + "variance:4}",
                    "{" + at + "score:3}",
                    "{" + at + "entropy_ratio:4}");
        }
        lesson.table(table);
    }

    private static void pictures(Lesson lesson, Result r) {
        List<String> patterns = new ArrayList<>();
        for (int p = 0; p < PatternExperiment.PATTERNS; p++) {
            patterns.add(PatternExperiment.name(p));
        }
        List<String> experts = new ArrayList<>();
        for (int e = 0; e < r.counts()[0].length; e++) {
            experts.add(Integer.toString(e));
        }
        lesson.picture(
                "experts-heat",
                new HeatMap("Tokens of each pattern at each expert", "expert", "pattern", r.counts())
                        .names(patterns, experts)
                        .labels(0),
                "A row has two coloured cells, since its tokens are all alike. Look down the columns: similar "
                        + "patterns share experts, and some experts get nothing.");
        lesson.picture(
                "experts-tokens",
                new BarChart("Tokens of all patterns", "expert", "tokens", experts)
                        .bars(
                                "tokens",
                                Arrays.stream(r.all().counts()).asDoubleStream().toArray())
                        .labels()
                        .size(640, 320),
                "The sums of the columns: tokens that each expert got.");
        lesson.picture(
                "experts-balance",
                new BarChart("Measures of balance", "pattern", "", patterns)
                        .bars("variance", each(r, ExpertUsage::variance))
                        .bars("balance score", each(r, ExpertUsage::balanceScore))
                        .bars("entropy / ln E", each(r, ExpertUsage::entropyRatio)),
                "Three measures, three stories: the variance is small even here, at its largest possible value; the "
                        + "balance score sees that six of eight experts are idle; the entropy looks at how sure the "
                        + "router is and not at whom it chooses.");
    }

    private static double[] each(Result r, ToDoubleFunction<ExpertUsage> measure) {
        return r.each().stream().mapToDouble(measure).toArray();
    }
}
