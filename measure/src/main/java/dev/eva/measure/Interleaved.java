package dev.eva.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * Times several ways to do one thing in turn, A B A B, so that a machine whose speed drifts treats all alike.
 */
public final class Interleaved {
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
     * value the seconds of one.
     */
    public static List<Timing> time(Effort effort, List<? extends Runnable> ways) {
        List<DoubleSupplier> samples = new ArrayList<>();
        for (Runnable way : ways) {
            fill(effort.warmSeconds(), way);
            samples.add(() -> fill(effort.sampleSeconds(), way));
        }
        return measure(0, effort.samples(), samples);
    }

    /** As {@link #time}, of ways that say themselves how many seconds a run took. */
    public static List<Timing> measure(int warmUp, int runs, List<? extends DoubleSupplier> ways) {
        double[][] seconds = new double[ways.size()][runs];
        for (int round = -warmUp; round < runs; round++) {
            for (int way = 0; way < ways.size(); way++) {
                double s = ways.get(way).getAsDouble();
                if (round >= 0) {
                    seconds[way][round] = s;
                }
            }
        }
        return List.of(seconds).stream().map(Timing::new).toList();
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
