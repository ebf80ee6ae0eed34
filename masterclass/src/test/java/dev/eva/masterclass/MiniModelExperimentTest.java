package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.masterclass.MiniModelExperiment.Part;
import dev.eva.masterclass.MiniModelExperiment.Pass;
import dev.eva.masterclass.MiniModelExperiment.Shape;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MiniModelExperimentTest {
    @Test
    void theShapeIsTheFoundingDocuments() {
        Shape mini = Shape.mini();
        assertThat(mini.latentSaved()).isEqualTo(87.5);
        assertThat(mini.speedUp()).isEqualTo(2);
        // latent 64 and key 16 of 4 heads of 48 + 64
        assertThat(mini.rowSaved()).isCloseTo(100 * (1 - 80.0 / 448), within(1e-9));
    }

    @Test
    void thePartsAreTheWhole() {
        assertThat(MiniModelExperiment.parts().stream().mapToLong(Part::values).sum())
                .isEqualTo(Shape.mini().count().total());
    }

    @Test
    void countsAreResetAndCountedAgain() {
        Pass pass = MiniModelExperiment.forward(new SplittableRandom(3));
        assertThat(pass.logits().finite()).isTrue();
        assertThat(pass.logits().max()).isGreaterThan(pass.logits().min());
        assertThat(pass.counted()).hasDimensions(2, 4);
        for (long[] layer : pass.counted()) {
            assertThat(layer[0] + layer[1] + layer[2] + layer[3])
                    .isEqualTo(2L * MiniModelExperiment.BATCH * MiniModelExperiment.LENGTH);
        }
        assertThat(pass.resets()).isTrue();
        assertThat(new Pass(pass.logits(), pass.counted(), pass.counted(), pass.counted()).resets())
                .isFalse();
    }

    @Test
    void fiveStepsBeginWithoutKnowledgeAndFall() {
        double[] losses = MiniModelExperiment.fiveSteps(new SplittableRandom(3));
        assertThat(losses).hasSize(5);
        assertThat(losses[0]).isCloseTo(Math.log(1000), within(0.2));
        for (int i = 1; i < losses.length; i++) {
            assertThat(losses[i]).isLessThan(losses[i - 1]);
        }
    }
}
