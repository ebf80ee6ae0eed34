package dev.eva.measure.cases;

import dev.eva.measure.Way;
import dev.eva.tensor.Parallel;
import java.util.function.IntConsumer;

/** Single-threaded kernels on all threads, as the ops of a model cut them; a device takes the whole at once. */
final class Split {
    private Split() {}

    static void range(Way way, int n, int grain, Parallel.RangeTask task) {
        if (way.device()) {
            task.accept(0, n);
        } else {
            Parallel.range(n, grain, task);
        }
    }

    /** Tasks that are one call of a kernel each; on a device one after the other. */
    static void tasks(Way way, int tasks, IntConsumer task) {
        if (way.device()) {
            for (int i = 0; i < tasks; i++) {
                task.accept(i);
            }
        } else {
            Parallel.run(tasks, task);
        }
    }
}
