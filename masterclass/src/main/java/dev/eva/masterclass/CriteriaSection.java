package dev.eva.masterclass;

import dev.eva.masterclass.SuccessCriteria.Criterion;
import dev.eva.masterclass.SuccessCriteria.Evidence;
import dev.eva.report.DataTable;
import dev.eva.report.Figures;
import java.util.List;

/** The criteria of success, judged on the model that was trained. */
final class CriteriaSection implements Section {
    private final TrainingExperiment training;

    CriteriaSection(TrainingExperiment training) {
        this.training = training;
    }

    @Override
    public String id() {
        return "criteria";
    }

    @Override
    public String title() {
        return "Does it do what it promised?";
    }

    @Override
    public void run(Lesson lesson) {
        lesson.text("The founding document ends with five criteria. They are judged here on the trained model and "
                + "by what this run measured; if one is not met, the row says so and the command ends with exit "
                + "code $1$.");
        Evidence evidence = Evidence.of(training.results(lesson::progress));
        figures(lesson.figures(), evidence);
        List<Criterion> criteria = SuccessCriteria.judge(evidence);
        DataTable table = DataTable.of("The criteria.", "criterion", "needed", "measured", "verdict");
        for (Criterion c : criteria) {
            table = table.row(c.name(), c.needed(), c.measured(), c.passed() ? "PASS" : "*FAIL*");
        }
        lesson.table(table);
        criteria.forEach(c -> lesson.judge(c.name(), c.measured(), c.passed()));
        explain(lesson, evidence);
    }

    private static void figures(Figures f, Evidence e) {
        f.put("criteria.saved_needed", SuccessCriteria.SAVED, "%");
        f.put("criteria.saved", e.rowSaved(), "%");
        f.put("criteria.variance_needed", SuccessCriteria.VARIANCE);
        f.put("criteria.variance", e.variance());
        f.put("criteria.max_vio", e.maxVio());
        f.put("criteria.gap_needed", SuccessCriteria.GAP, "%");
        f.put("criteria.gap", e.fp8Gap(), "%");
        f.put("criteria.fp8_skipped", e.fp8Skipped());
        f.put("criteria.end_to_end", e.endToEnd());
        f.put("criteria.generated", e.generated());
        f.put("criteria.balance_needed", SuccessCriteria.BALANCE);
        f.put("criteria.balance", e.balance());
        f.put(
                "criteria.passed",
                SuccessCriteria.judge(e).stream().filter(Criterion::passed).count());
    }

    private void explain(Lesson lesson, Evidence evidence) {
        Figures f = lesson.figures();
        var mini = MiniModelExperiment.Shape.mini();
        var moe = training.results(lesson::progress).trained().model().config().moe();
        double even = 1.0 / moe.nRoutedExperts();
        f.put("criteria.mini_latent_saved", mini.latentSaved(), "%");
        f.put("criteria.mini_row_saved", mini.rowSaved(), "%");
        double worst = f.put("criteria.variance_worst", even * (1.0 / moe.numExpertsPerTok() - even));
        f.put("paper.criteria.max_vio", 0.04);
        f.put("paper.criteria.gap", 0.25, "%");
        lesson.list(memory(), variance(worst), fp8(), endToEnd(evidence), balance());
        lesson.finding("{criteria.passed} of $5$ criteria are met.");
    }

    private static String memory() {
        return "*Memory.* The mini model of the founding document cannot pass: its latent is a quarter of its "
                + "width, so the document's own formula gives {criteria.mini_latent_saved:1}, and the real row, "
                + "which holds the rotated key as well, {criteria.mini_row_saved:1}. The formula is not what was "
                + "changed here but the shape: the trained model has a latent and key small enough for its heads. "
                + "It is judged by the real row.";
    }

    private static String variance(double worst) {
        return "*Variance.* Shares of experts are small numbers, and their variance is a small number squared: "
                + "with all tokens at the same experts, the worst there can be, it would be "
                + "{criteria.variance_worst:3}. "
                + (worst < SuccessCriteria.VARIANCE ? "So this criterion cannot be missed. " : "")
                + "MaxVio says more: by how much the busiest expert exceeds the mean. DeepSeek's method "
                + "reached {paper.criteria.max_vio} over a whole evaluation set with a model of a billion "
                + "parameters; this model has {criteria.max_vio:2} in its worst layer. [arXiv:2408.15664]";
    }

    private static String fp8() {
        return "*FP8.* Judged on two trainings that differ in the precision of their products alone, same seed "
                + "and same batches. A gap below zero means that FP8 came out better, which is chance. DeepSeek "
                + "reports a gap below {paper.criteria.gap:2} to BF16 after about a trillion tokens; after a few "
                + "steps chance alone may exceed that, so the limit here is {criteria.gap_needed}. [DeepSeek-V3, "
                + "arXiv:2412.19437, section 3.3]";
    }

    private static String endToEnd(Evidence evidence) {
        return "*End to end.* Three checks. Logits are finite: " + word(evidence.logitsFinite())
                + ". The weights in memory, written to a file and read back, give the same bits in every "
                + "logit as the run's own checkpoint: " + word(evidence.sameFromFile())
                + ". The model writes: {criteria.generated} characters.";
    }

    private static String balance() {
        return "*Balance.* Measured on text that was held out, over all of it that was looked at, as the least "
                + "balanced layer has it.";
    }

    private static String word(boolean holds) {
        return holds ? "yes" : "*no*";
    }
}
