package dev.eva.measure;

import java.util.ArrayList;
import java.util.List;

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
        double[][] seconds = new double[ways.size()][runs];
        for (int round = -warmUp; round < runs; round++) {
            for (int way = 0; way < ways.size(); way++) {
                long start = System.nanoTime();
                ways.get(way).run();
                if (round >= 0) {
                    seconds[way][round] = (System.nanoTime() - start) * 1e-9;
                }
            }
        }
        List<Timing> timings = new ArrayList<>();
        for (double[] s : seconds) {
            timings.add(new Timing(s));
        }
        return timings;
    }
}
