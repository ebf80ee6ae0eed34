package dev.eva.nn.optim;

/**
 * The learning rate over the steps, the first of which is 0. All of them begin with a linear warm-up:
 * {@code peak (step + 1) / warmup} for {@code step < warmup}, so that no step is lost at rate 0.
 */
public sealed interface Schedule {
    /** The rate of a step. */
    float at(long step);

    /** Stays at the peak. */
    record Constant(double peak, long warmup) implements Schedule {
        public Constant {
            check(peak, warmup, Long.MAX_VALUE, 1);
        }

        @Override
        public float at(long step) {
            return (float) (peak * warm(step, warmup));
        }
    }

    /**
     * Half a cosine from the peak down to {@code floor * peak} at step {@code total}, and that from there on.
     *
     * @param floor share of the peak, 0 to 1
     */
    record Cosine(double peak, long warmup, long total, double floor) implements Schedule {
        public Cosine {
            check(peak, warmup, total, floor);
        }

        @Override
        public float at(long step) {
            if (step < warmup) {
                return (float) (peak * warm(step, warmup));
            }
            double share = share(step, warmup, total);
            return (float) (peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * share))));
        }
    }

    /**
     * Warm-up, stable, decay (arXiv:2404.06395): the peak until step {@code decayFrom}, then a line down to
     * {@code floor * peak} at step {@code total}, and that from there on.
     *
     * @param floor share of the peak, 0 to 1
     */
    record Wsd(double peak, long warmup, long decayFrom, long total, double floor) implements Schedule {
        public Wsd {
            check(peak, warmup, total, floor);
            if (decayFrom < 0 || decayFrom > total) {
                throw new IllegalArgumentException(
                        "schedule: decay from step " + decayFrom + "; need 0 to " + total + ", the last");
            }
        }

        @Override
        public float at(long step) {
            double decay = step < decayFrom ? 1 : 1 - (1 - floor) * share(step, decayFrom, total);
            return (float) (peak * Math.min(warm(step, warmup), decay));
        }
    }

    private static double warm(long step, long warmup) {
        return step < warmup ? (step + 1.0) / warmup : 1;
    }

    /** How far {@code step} is on the way from {@code from} to {@code to}, 0 to 1. */
    private static double share(long step, long from, long to) {
        return step >= to ? 1 : (double) (step - from) / (to - from);
    }

    private static void check(double peak, long warmup, long total, double floor) {
        if (!(peak > 0) || Double.isInfinite(peak)) {
            throw new IllegalArgumentException("schedule: peak " + peak + "; need more than 0");
        }
        if (warmup < 0 || total < 0) {
            throw new IllegalArgumentException(
                    "schedule: warm-up of " + warmup + " steps of " + total + "; need 0 or more");
        }
        if (!(floor >= 0 && floor <= 1)) {
            throw new IllegalArgumentException("schedule: floor " + floor + "; need a share of the peak, 0 to 1");
        }
    }
}
