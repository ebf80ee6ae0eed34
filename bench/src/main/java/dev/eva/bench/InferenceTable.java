package dev.eva.bench;

import com.sun.management.ThreadMXBean;
import dev.eva.measure.Interleaved;
import dev.eva.measure.Timing;
import dev.eva.measure.model.Inference;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.tensor.Parallel;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/**
 * Tokens a second of prefill and decoding, medians: {@code java --add-modules jdk.incubator.vector
 * --enable-native-access=ALL-UNNAMED -cp bench/target/benchmarks.jar dev.eva.bench.InferenceTable CHECKPOINT ...}. The
 * same measurement as llama-bench's pp512, pp64 and tg64: random tokens, an empty cache, the model warm.
 */
public final class InferenceTable {
    private static final int SAMPLES = 5;

    private InferenceTable() {}

    public static void main(String[] args) {
        System.out.println("| checkpoint | threads | pp512 | pp64 | tg64 | bytes a token on the heap |");
        System.out.println("|---|---|---|---|---|---|");
        for (String arg : args) {
            for (int threads : new int[] {Runtime.getRuntime().availableProcessors(), 1}) {
                Parallel.setThreads(threads);
                try (MappedModel mapped = Checkpoint.open(Path.of(arg))) {
                    row(Path.of(arg).getFileName().toString(), threads, mapped.model());
                }
            }
        }
    }

    private static void row(String name, int threads, DeepSeekModel model) {
        Rates r = rates(model);
        System.out.printf(
                Locale.ROOT,
                "| %s | %d | %.1f | %.1f | %.2f | %d |%n",
                name,
                threads,
                r.pp512(),
                r.pp64(),
                r.tg64(),
                r.bytesAToken());
    }

    /** Median tokens a second, and what a decoded token allocates. */
    record Rates(double pp512, double pp64, double tg64, long bytesAToken) {}

    static Rates rates(DeepSeekModel model) {
        Inference inference = new Inference(model);
        List<Timing> t = Interleaved.measure(
                2,
                SAMPLES,
                List.<DoubleSupplier>of(
                        () -> inference.prefill(512), () -> inference.prefill(64), () -> inference.decode(64)));
        long before = allocated();
        inference.decode(64);
        return new Rates(
                512 / t.get(0).median(), 64 / t.get(1).median(), 64 / t.get(2).median(), (allocated() - before) / 64);
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }
}
