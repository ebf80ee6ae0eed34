package dev.eva.bench;

import com.sun.management.ThreadMXBean;
import dev.eva.measure.model.TrainingStep;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.moe.MoeConfig;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Speed and memory of a {@link TrainingStep} of a preset.
 *
 * <p>{@code java @cli/src/main/resources/dev/eva/cli/jvm.options -cp bench/target/benchmarks.jar
 * dev.eva.bench.TrainStep PRESET BATCHxLENGTH [STEPS]}
 *
 * <p>Prints one line: median tokens a second with the slowest and fastest step, milliseconds a step, bytes allocated a
 * step once warm, full collections, and the largest resident set of the process. {@code -Deva.bench.experts=N} gives
 * the preset another number of experts.
 */
public final class TrainStep {
    private static final int WARM_STEPS = Integer.getInteger("eva.bench.warm", 60);
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private TrainStep() {}

    public static void main(String[] args) throws IOException {
        String[] size = args.length < 2 ? new String[0] : args[1].split("x");
        if (size.length != 2) {
            System.err.println("train step: need PRESET BATCHxLENGTH [STEPS], for example shakespeare-bench 32x128");
            System.exit(2);
        }
        int batch = Integer.parseInt(size[0]);
        int length = Integer.parseInt(size[1]);
        int steps = args.length > 2 ? Integer.parseInt(args[2]) : 50;
        TrainingStep train =
                new TrainingStep(config(args[0], Integer.getInteger("eva.bench.experts", 0), 0), batch, length);
        System.err.println(Kernels.summary());
        for (int i = 0; i < WARM_STEPS; i++) {
            train.next();
        }
        double[] seconds = new double[steps];
        long allocated = THREADS.getTotalThreadAllocatedBytes();
        float loss = 0;
        for (int i = 0; i < steps; i++) {
            long start = System.nanoTime();
            loss = train.next();
            seconds[i] = (System.nanoTime() - start) * 1e-9;
        }
        allocated = THREADS.getTotalThreadAllocatedBytes() - allocated;
        Arrays.sort(seconds);
        double tokens = (double) batch * length;
        System.out.printf(
                Locale.ROOT,
                "%s %s: %.0f tokens/s (%.0f..%.0f, %d steps), %.2f ms a step, %.3f MB allocated a step, "
                        + "%d full collections, peak RSS %.0f MiB, %d threads, last loss %.4f%n",
                args[0],
                args[1],
                tokens / seconds[steps / 2],
                tokens / seconds[steps - 1],
                tokens / seconds[0],
                steps,
                seconds[steps / 2] * 1e3,
                allocated * 1e-6 / steps,
                fullCollections(),
                peakResidentMib(),
                Parallel.threads(),
                loss);
    }

    /**
     * A preset's configuration.
     *
     * @param experts in place of its own number, or 0
     * @param positions at most, in place of its own number, or 0
     */
    static DeepSeekConfig config(String preset, int experts, int positions) {
        DeepSeekConfig c = Presets.byName(preset);
        MoeConfig m = c.moe();
        MoeConfig moe = new MoeConfig(
                m.hiddenSize(),
                experts == 0 ? m.nRoutedExperts() : experts,
                m.nSharedExperts(),
                m.numExpertsPerTok(),
                m.moeIntermediateSize(),
                m.method(),
                m.normTopkProb(),
                m.routedScalingFactor());
        return new DeepSeekConfig(
                c.vocabSize(),
                c.hiddenSize(),
                c.numHiddenLayers(),
                c.firstKDenseReplace(),
                c.intermediateSize(),
                c.rmsNormEps(),
                positions == 0 ? c.maxPositionEmbeddings() : positions,
                c.initializerRange(),
                c.numNextnPredictLayers(),
                c.mla(),
                moe);
    }

    private static long fullCollections() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .filter(gc -> gc.getName().contains("Old") || gc.getName().contains("MarkSweep"))
                .mapToLong(GarbageCollectorMXBean::getCollectionCount)
                .sum();
    }

    /** The high-water mark of the resident set, as Linux counts it; NaN elsewhere. */
    private static double peakResidentMib() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return Double.NaN;
        }
        return Files.readAllLines(status).stream()
                .filter(l -> l.startsWith("VmHWM:"))
                .mapToDouble(l -> Double.parseDouble(l.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElse(Double.NaN);
    }
}
