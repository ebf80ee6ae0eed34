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
    /** Bytes of a step. */
    private static final long STEP = 1_000_000;

    /**
     * Bytes of a decoded token: 7 in a process of its own, for the ids that are drawn for all tokens together; 272 were
     * seen behind training steps, as C2 does not always see that an object stays in its method.
     */
    private static final long TOKEN = 500;

    /** Runs until a step must be warm: before C2 has compiled a kernel, its vectors are objects. */
    private static final int RUNS = 200;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Batches of 12 x 64 of the preset {@code shakespeare}. */
    @Test
    void aTrainingStep() {
        TrainingStep training = new TrainingStep(Presets.shakespeare(), 12, 64);
        assertThat(warm(STEP, training::next)).isLessThan(STEP);
    }

    @Test
    void aDecodedToken() {
        Inference inference = new Inference(DeepSeekModel.random(Presets.shakespeare(), new SplittableRandom(1)));
        int tokens = 256;
        assertThat(warm(tokens * TOKEN, () -> inference.decode(tokens)) / tokens)
                .isLessThan(TOKEN);
    }

    /** The fewest bytes that a run allocates, of all threads, or of the first run that stays below the limit. */
    private static long warm(long limit, Runnable run) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < RUNS && least >= limit; i++) {
            long before = THREADS.getTotalThreadAllocatedBytes();
            run.run();
            least = Math.min(least, THREADS.getTotalThreadAllocatedBytes() - before);
        }
        return least;
    }
}
