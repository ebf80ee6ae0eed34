package dev.eva.bench;

import dev.eva.measure.Interleaved;
import dev.eva.measure.Timing;
import dev.eva.model.train.StepMetrics;
import dev.eva.model.train.TrainingRun;
import dev.eva.tensor.Parallel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A step of {@code eva train --precision fp8} beside one in float32, in turn, A B A B: time, and bytes kept for the
 * backward pass.
 *
 * <p>{@code java @cli/src/main/resources/dev/eva/cli/jvm.options -cp bench/target/benchmarks.jar
 * dev.eva.bench.PrecisionStep PRESET BATCH [STEPS]}
 */
public final class PrecisionStep {
    private static final int WARM_STEPS = Integer.getInteger("eva.bench.warm", 25);

    private PrecisionStep() {}

    public static void main(String[] args) throws IOException {
        if (args.length < 2) {
            System.err.println("precision step: need PRESET BATCH [STEPS], for example shakespeare 16");
            System.exit(2);
        }
        int steps = args.length > 2 ? Integer.parseInt(args[2]) : 25;
        Path folder = Files.createTempDirectory("eva-precision");
        try (TrainingRun exact = run(folder, args, PrecisionRuns.Variant.FP32);
                TrainingRun fp8 = run(folder, args, PrecisionRuns.Variant.FP8)) {
            StepMetrics[] last = new StepMetrics[2];
            List<Timing> t = Interleaved.time(
                    WARM_STEPS,
                    steps,
                    List.of(
                            () -> last[0] = exact.trainer().step(),
                            () -> last[1] = fp8.trainer().step()));
            System.out.printf(
                    Locale.ROOT,
                    "%s batch %s, %d threads, %d steps: float32 %.1f ms (%.1f..%.1f), fp8 %.1f ms (%.1f..%.1f), %.3f"
                            + " times; kept for backward %.2f and %.2f MiB, %.3f times%n",
                    args[0],
                    args[1],
                    Parallel.threads(),
                    steps,
                    t.get(0).median() * 1e3,
                    t.get(0).min() * 1e3,
                    t.get(0).max() * 1e3,
                    t.get(1).median() * 1e3,
                    t.get(1).min() * 1e3,
                    t.get(1).max() * 1e3,
                    t.get(1).median() / t.get(0).median(),
                    last[0].keptBytes() / 1048576.0,
                    last[1].keptBytes() / 1048576.0,
                    (double) last[1].keptBytes() / last[0].keptBytes());
        } finally {
            delete(folder);
        }
    }

    private static TrainingRun run(Path folder, String[] args, PrecisionRuns.Variant variant) {
        return PrecisionRuns.create(
                folder.resolve(variant.word()), args[0], variant, Integer.parseInt(args[1]), 1_000_000, 1);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(p);
            }
        }
    }
}
