package dev.eva.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.eva.measure.model.Inference;
import dev.eva.measure.model.TrainingStep;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.Presets;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A warm step takes its memory from its workspace; what it allocates besides is counted, over all threads. */
class AllocationTest {
    /** Bytes: what is reached beside other work, where C2 is late and some vectors are still objects, and some room. */
    private static final long STEP = 4 << 20;

    private static final long TOKEN = 64 << 10;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Batches of 12 x 64 of the preset {@code shakespeare}. */
    @Test
    void aTrainingStep() {
        TrainingStep training = new TrainingStep(Presets.shakespeare(), 12, 64);
        assertThat(least(30, 5, training::next)).isLessThan(STEP);
    }

    @Test
    void aDecodedToken() {
        Inference inference = new Inference(DeepSeekModel.random(Presets.shakespeare(), new SplittableRandom(1)));
        int tokens = 256;
        assertThat(least(20, 5, () -> inference.decode(tokens)) / tokens).isLessThan(TOKEN);
    }

    /** The fewest bytes of some runs behind a warm-up: what else happens in this process only adds. */
    private static long least(int warmUp, int runs, Runnable run) {
        long least = Long.MAX_VALUE;
        for (int i = -warmUp; i < runs; i++) {
            long before = THREADS.getTotalThreadAllocatedBytes();
            run.run();
            if (i >= 0) {
                least = Math.min(least, THREADS.getTotalThreadAllocatedBytes() - before);
            }
        }
        return least;
    }
}
