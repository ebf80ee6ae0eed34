package dev.eva.masterclass;

import java.util.List;
import java.util.stream.Stream;

/** The founding document's five criteria of success: what each asks for, and whether what was measured is enough. */
final class SuccessCriteria {
    /** Percent of a standard cache that the real row must save. */
    static final double SAVED = 90;
    /** What the variance of the shares of a layer's experts must stay below. */
    static final double VARIANCE = 0.1;
    /** What the balance score of every layer must be above. */
    static final double BALANCE = 0.8;
    /**
     * Percent that the loss of FP8 may lie above float32's. DeepSeek reports below 0.25 after a trillion tokens; after
     * tens of steps two float32 runs that differ in rounding alone may lie further apart than that.
     */
    static final double GAP = 1;

    private static final long CHECKS = 3;

    private SuccessCriteria() {}

    /**
     * What decides.
     *
     * @param rowSaved percent of a standard cache that the trained model's real row saves
     * @param variance the largest of a layer
     * @param maxVio the largest of a layer; decides nothing
     * @param fp8Finite whether losses and gradients of the FP8 training are finite
     * @param fp8Skipped steps that it skipped
     * @param fp8Gap percent by which its loss lies above float32's
     * @param logitsFinite whether the trained model's logits are
     * @param sameFromFile whether its weights survive being written and read
     * @param generated characters that it wrote
     * @param balance the least score of a layer
     */
    record Evidence(
            double rowSaved,
            double variance,
            double maxVio,
            boolean fp8Finite,
            long fp8Skipped,
            double fp8Gap,
            boolean logitsFinite,
            boolean sameFromFile,
            int generated,
            double balance) {
        static Evidence of(TrainingExperiment.Results results) {
            TrainedModel model = results.trained();
            var mla = model.model().config().mla();
            return new Evidence(
                    100 * (1 - (double) mla.cacheRow() / mla.standardCacheRow()),
                    model.variance(),
                    model.maxVio(),
                    results.fp8().finite(),
                    results.fp8().skipped(),
                    results.fp8Gap(),
                    model.logits().finite(),
                    model.sameFromFile(),
                    model.generated(),
                    model.balanceScore());
        }

        /** How many of the checks from end to end hold: finite logits, the same from a file, a text written. */
        long endToEnd() {
            return Stream.of(logitsFinite, sameFromFile, generated > 0)
                    .filter(holds -> holds)
                    .count();
        }
    }

    /**
     * A criterion.
     *
     * @param name what it is about
     * @param needed what it asks for, in the markup of the page
     * @param measured what was found, in the markup of the page
     * @param passed whether that is enough
     */
    record Criterion(String name, String needed, String measured, boolean passed) {}

    /** All five; the figures that they name begin with {@code criteria.} */
    static List<Criterion> judge(Evidence e) {
        return List.of(
                new Criterion(
                        "MLA memory reduction, real cache row",
                        "above {criteria.saved_needed}",
                        "{criteria.saved:1}",
                        e.rowSaved > SAVED),
                new Criterion(
                        "variance of the experts' shares, worst layer",
                        "below {criteria.variance_needed:1}",
                        "{criteria.variance}",
                        e.variance < VARIANCE),
                new Criterion(
                        "FP8 training is stable: all finite, steps skipped, loss above F32's",
                        "all, $0$, at most {criteria.gap_needed}",
                        (e.fp8Finite ? "all" : "not all") + ", {criteria.fp8_skipped}, {criteria.gap:2}",
                        e.fp8Finite && e.fp8Skipped == 0 && e.fp8Gap <= GAP),
                new Criterion(
                        "works from end to end",
                        "$3$ of $3$ checks",
                        "{criteria.end_to_end} of $3$",
                        e.endToEnd() == CHECKS),
                new Criterion(
                        "balance score, worst layer",
                        "above {criteria.balance_needed:1}",
                        "{criteria.balance:3}",
                        e.balance > BALANCE));
    }
}
