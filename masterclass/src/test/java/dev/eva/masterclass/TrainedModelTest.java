package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.masterclass.SideBySide.Lane;
import dev.eva.model.ParameterCount;
import dev.eva.model.train.Precision;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainListener;
import dev.eva.model.train.TrainingRun;
import dev.eva.moe.ExpertUsage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tiny model, trained to its end, looked at, and short courses beside it. */
class TrainedModelTest {
    private static final int STEPS = 6;
    private static final int LOOKED = 96;

    @TempDir
    Path dir;

    @Test
    void aRunIsLookedAtWhenItHasEnded() throws Exception {
        try (TrainingRun run = TinyRun.begin(dir.resolve("run"), STEPS)) {
            run.run(Optional.empty(), TrainListener.NONE);
            TrainedModel model = TrainedModel.of(run, LOOKED);
            assertThat(model.steps())
                    .hasSize(STEPS)
                    .allMatch(m -> m.layerMaxVio().size() == 1);
            assertThat(model.evaluated().step()).isEqualTo(STEPS);
            assertThat(model.logits().finite()).isTrue();
            assertThat(model.sameFromFile()).isTrue();
            assertThat(model.generated()).isPositive();
            assertThat(model.usage()).hasSize(1);
            ExpertUsage usage = model.usage().getFirst();
            assertThat(Arrays.stream(usage.counts()).sum()).isEqualTo((long) LOOKED * TinyRun.TOP_K);
            assertThat(model.balanceScore()).isEqualTo(usage.balanceScore());
        }
    }

    @Test
    void coursesDifferInWhatTheyAreToldAlone() throws Exception {
        try (TrainingRun run = TinyRun.begin(dir.resolve("run"), STEPS)) {
            TrainConfig base = run.settings().train();
            TrainConfig unbiased = base.withBalance(new TrainConfig.Balance(1e-4, 0));
            List<Course> courses = SideBySide.run(
                    List.of(
                            new Lane("a", "a", run.beside(base)),
                            new Lane("b", "b", run.beside(base)),
                            new Lane("c", "c", run.beside(unbiased)),
                            new Lane("d", "d", run.beside(base.withPrecision(Precision.FP8)))),
                    STEPS,
                    run.text().validation(),
                    LOOKED,
                    "test",
                    (what, share) -> assertThat(share).isBetween(0.0, 1.0));
            assertThat(losses(courses.get(1))).isEqualTo(losses(courses.get(0)));
            assertThat(losses(courses.get(2)).getFirst())
                    .isEqualTo(losses(courses.get(0)).getFirst());
            assertThat(losses(courses.get(2))).isNotEqualTo(losses(courses.get(0)));
            assertThat(losses(courses.get(3))).isNotEqualTo(losses(courses.get(0)));
            assertThat(courses).allSatisfy(c -> {
                assertThat(c.finite()).isTrue();
                assertThat(c.skipped()).isZero();
                assertThat(c.stepTime().seconds()).hasSize(STEPS / 2);
            });
        }
    }

    private static List<Double> losses(Course course) {
        return course.steps().stream().map(StepMetrics::loss).toList();
    }

    @Test
    void anExistingRunIsJudgedAndOneThatHasNotEndedIsRefused() throws Exception {
        MasterclassSettings settings = new MasterclassSettings(dir, true, 1, Optional.of(dir.resolve("run")));
        try (TrainingRun run = TinyRun.begin(dir.resolve("run"), STEPS)) {
            assertThat(run.checkpoints()).isEmpty();
        }
        assertThatThrownBy(() -> new TrainingExperiment(settings).results((what, share) -> {}))
                .hasMessageContaining("has not come to an evaluation and a checkpoint yet");
        try (TrainingRun run = TrainingRun.resume(dir.resolve("run"))) {
            run.run(Optional.empty(), TrainListener.NONE);
        }
        TrainingExperiment.Results results = new TrainingExperiment(settings).results((what, share) -> {});
        SuccessCriteria.Evidence evidence = SuccessCriteria.Evidence.of(results);
        assertThat(evidence.rowSaved()).isGreaterThan(SuccessCriteria.SAVED);
        assertThat(evidence.endToEnd()).isEqualTo(3);
        assertThat(evidence.fp8Skipped()).isZero();
        assertThat(ComponentScores.of(results, 1.5))
                .hasSize(6)
                .allSatisfy(s -> assertThat(s.value()).isBetween(0.0, 1.0));
    }

    @Test
    void usageNeedsAWindow() throws Exception {
        try (TrainingRun run = TinyRun.begin(dir.resolve("run"), STEPS)) {
            assertThatThrownBy(
                            () -> TextUsage.of(run.trainer().model(), run.text().validation(), 16, 15))
                    .hasMessageContaining("15 tokens; need at least a window of 16");
        }
    }

    /** A token's work does not grow with the experts, but for the rows of the router. */
    @Test
    void moreExpertsAreTheSameWork() {
        int few = ExpertScalingExperiment.EXPERTS.getFirst();
        int many = ExpertScalingExperiment.EXPERTS.getLast();
        ParameterCount a = ParameterCount.of(ExpertScalingExperiment.shape(few));
        ParameterCount b = ParameterCount.of(ExpertScalingExperiment.shape(many));
        long routerRows =
                (long) (many - few) * ExpertScalingExperiment.shape(few).hiddenSize();
        assertThat(b.active() - a.active()).isEqualTo(routerRows);
        assertThat(b.total()).isGreaterThan(10 * a.total());
    }
}
