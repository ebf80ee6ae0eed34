package dev.eva.masterclass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.eva.tensor.Shape;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LatentExperimentTest {
    private final LatentExperiment.Result r = LatentExperiment.run(new SplittableRandom(1));

    @Test
    void bothFormsAgreeWithoutBeingTheSameComputation() {
        assertThat(r.difference()).isGreaterThan(0).isLessThan(1e-5 * r.largest());
    }

    @Test
    void theCachesHoldLatentAndKeyAlone() {
        assertThat(r.cacheBytes()).isEqualTo(2L * 64 * (128 + 32) * 4);
        assertThat(r.standardBytes()).isEqualTo(2L * 64 * 2 * 8 * 64 * 4);
        assertThat(r.parameters()).isEqualTo(512L * 8 * 96 + 512 * 160 + 128 + 128 * 1024 + 512 * 512);
    }

    @Test
    void theRatiosAreThoseOfRandomWeights() {
        assertThat(r.varianceProjected()).isCloseTo(512 * 0.02 * 0.02, within(0.02));
        assertThat(r.varianceCached()).isCloseTo(1, within(0.02));
        assertThat(r.normCached()).isCloseTo(0.5, within(0.01));
        assertThat(r.normProjected()).isCloseTo(0.5 * Math.sqrt(512 * 0.02 * 0.02), within(0.01));
    }

    @Test
    void thePartsHaveTheShapesOfTheText() {
        assertThat(r.input().shape()).isEqualTo(Shape.of(128, 512));
        assertThat(r.parts().q().shape()).isEqualTo(Shape.of(128, 8 * 96));
        assertThat(r.parts().latent().shape()).isEqualTo(Shape.of(128, 128));
        assertThat(r.parts().keyValue().shape()).isEqualTo(Shape.of(128, 8 * 128));
    }
}
