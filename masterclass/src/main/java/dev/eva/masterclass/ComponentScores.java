package dev.eva.masterclass;

import dev.eva.masterclass.TrainingExperiment.Results;
import dev.eva.moe.ExpertUsage;
import java.util.List;

/** A number between 0 and 1 for each part of the model, from what was measured. */
final class ComponentScores {
    private ComponentScores() {}

    /**
     * A score.
     *
     * @param id part of the figure's name
     * @param label as people read it
     * @param value from 0 to 1
     * @param from how it is computed, in the markup of the page
     */
    record Score(String id, String label, double value, String from) {}

    /** @param slope of the time of a forward pass over the length, both logarithmic */
    static List<Score> of(Results results, double slope) {
        TrainedModel model = results.trained();
        var mla = model.model().config().mla();
        double uniform = Math.log(model.model().config().vocabSize());
        double fp8 = results.float32().validation() / results.fp8().validation();
        return List.of(
                new Score(
                        "attention",
                        "latent cache",
                        1 - (double) mla.cacheRow() / mla.standardCacheRow(),
                        "part of a standard cache that the real row saves"),
                new Score(
                        "balance",
                        "experts' balance",
                        model.balanceScore(),
                        "$1 - \\sum_e |u_e - 1/E| / (2 (1 - 1/E))$ of the worst layer"),
                new Score(
                        "routing",
                        "router",
                        model.usage().stream()
                                .mapToDouble(ExpertUsage::entropyRatio)
                                .average()
                                .orElseThrow(),
                        "entropy of its scores over $\\ln E$, mean of the layers: one would be no preference at all"),
                new Score("fp8", "FP8", within(fp8), "F32's loss over FP8's after the same steps, one at most"),
                new Score(
                        "learning",
                        "learning",
                        within(1 - model.evaluated().valLoss().getAsDouble() / uniform),
                        "part of $\\ln V$ that is gone from the loss on held-out text"),
                new Score(
                        "length",
                        "length",
                        within(1 / slope),
                        "one over the slope of time over length, one at most: linear is one, quadratic a half"));
    }

    private static double within(double value) {
        return Math.clamp(value, 0, 1);
    }
}
