package dev.eva.model.train;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** How long steps take, by the sequences of their micro-batches; of a size that was not seen, by the others. */
final class StepTimes {
    /** The last steps whose median counts: enough against noise, few enough to be past the compiler's warm-up. */
    private static final int RECENT = 32;
    /** Share of a step that does not grow with it, while one size alone was seen: about Muon's with few tokens. */
    private static final double FIXED = 0.5;

    private final TreeMap<Integer, Recent> bySize = new TreeMap<>();

    private static final class Recent {
        private final double[] seconds = new double[RECENT];
        private int n;

        double median() {
            double[] sorted = Arrays.copyOf(seconds, Math.min(n, RECENT));
            Arrays.sort(sorted);
            return sorted[sorted.length / 2];
        }
    }

    /** Notes the time of a step. */
    void add(int sequences, double seconds) {
        Recent r = bySize.computeIfAbsent(sequences, s -> new Recent());
        r.seconds[r.n++ % RECENT] = seconds;
    }

    /**
     * The median of the last steps of that size, else on the line through the two largest that were seen, whose rise is
     * at most that of a step without a fixed part.
     *
     * @throws IllegalStateException before the first step
     */
    double of(int sequences) {
        Recent seen = bySize.get(sequences);
        if (seen != null) {
            return seen.median();
        }
        if (bySize.isEmpty()) {
            throw new IllegalStateException("step times: no step was taken yet");
        }
        Map.Entry<Integer, Recent> last = bySize.lastEntry();
        double time = last.getValue().median();
        double most = time / last.getKey();
        Map.Entry<Integer, Recent> before = bySize.lowerEntry(last.getKey());
        double rise = before == null
                ? (1 - FIXED) * most
                : (time - before.getValue().median()) / (last.getKey() - before.getKey());
        return Math.max(0, time + Math.clamp(rise, 0, most) * (sequences - last.getKey()));
    }
}
