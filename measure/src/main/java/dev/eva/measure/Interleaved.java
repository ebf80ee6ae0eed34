package dev.eva.measure;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Times several ways to do one thing in turn, A B A B, so that a machine whose speed drifts treats all alike.
 */
public final class Interleaved {
    /** Longer than C2 is busy with a loop of some thousand nodes. */
    private static final double STEADY_SECONDS = 0.5;
    /** On a machine whose speed goes up and down, nothing is ever steady. */
    private static final double LONGEST_SECONDS = 8;

    private Interleaved() {}

    /**
     * Runs every way {@code warmUp} times uncounted, then {@code runs} times counted, one after the other in each
     * round.
     *
     * @return a timing a way, in their order
     */
    public static List<Timing> time(int warmUp, int runs, List<? extends Runnable> ways) {
        return measure(
                warmUp,
                runs,
                ways.stream().map(w -> (DoubleSupplier) () -> fill(0, w)).toList());
    }

    /**
     * As {@link #time}, with ways too short for a clock: a sample is as many runs as fill the effort's time, and its
     * value the seconds of one. A way whose runs are long has fewer samples than others.
     */
    public static List<Timing> time(Effort effort, List<? extends Runnable> ways) {
        List<DoubleSupplier> samples = new ArrayList<>();
        int[] runs = new int[ways.size()];
        for (Runnable way : ways) {
            runs[samples.size()] = effort.samples(fill(effort.warmSeconds(), way));
            samples.add(() -> fill(effort.sampleSeconds(), way));
        }
        return measure(runs, samples);
    }

    /** As {@link #time}, of ways that say themselves how many seconds a run took. */
    public static List<Timing> measure(int warmUp, int runs, List<? extends DoubleSupplier> ways) {
        for (int round = 0; round < warmUp; round++) {
            ways.forEach(DoubleSupplier::getAsDouble);
        }
        int[] all = new int[ways.size()];
        Arrays.fill(all, runs);
        return measure(all, ways);
    }

    /** As {@link #time}, each way as often as {@code runs} says: those of the rarer ones are spread over all rounds. */
    static List<Timing> measure(int[] runs, List<? extends DoubleSupplier> ways) {
        int rounds = Arrays.stream(runs).max().orElse(0);
        List<double[]> seconds = Arrays.stream(runs).mapToObj(double[]::new).toList();
        for (int round = 0; round < rounds; round++) {
            for (int way = 0; way < ways.size(); way++) {
                int before = round * runs[way] / rounds;
                if (before < (round + 1) * runs[way] / rounds) {
                    seconds.get(way)[before] = ways.get(way).getAsDouble();
                }
            }
        }
        return seconds.stream().map(Timing::new).toList();
    }

    /**
     * Runs until nothing gets quicker any more: until no sample has been quicker than those before by a thirtieth, and
     * the JVM has compiled nothing, for {@link #STEADY_SECONDS} and three runs, or {@link #LONGEST_SECONDS} are over.
     */
    public static void steady(Runnable way) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long compiled = -1;
        double best = Double.MAX_VALUE;
        int quiet = 0;
        long start = System.nanoTime();
        long changed = start;
        long now = start;
        while ((quiet < 3 || seconds(changed, now) < STEADY_SECONDS) && seconds(start, now) < LONGEST_SECONDS) {
            double sample = fill(STEADY_SECONDS / 20, way);
            long all = compiler == null || !compiler.isCompilationTimeMonitoringSupported()
                    ? compiled
                    : compiler.getTotalCompilationTime();
            now = System.nanoTime();
            quiet++;
            if (sample < best * 29 / 30 || all != compiled) {
                changed = now;
                quiet = 0;
            }
            best = Math.min(best, sample);
            compiled = all;
        }
    }

    private static double seconds(long from, long to) {
        return (to - from) * 1e-9;
    }

    /** Runs at least once and until the time is over; seconds of one run. */
    static double fill(double atLeast, Runnable way) {
        long start = System.nanoTime();
        int runs = 0;
        double passed;
        do {
            way.run();
            runs++;
            passed = (System.nanoTime() - start) * 1e-9;
        } while (passed < atLeast);
        return passed / runs;
    }
}
