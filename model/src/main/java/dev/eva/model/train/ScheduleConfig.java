package dev.eva.model.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** The learning rate over a run: linear warm-up to the peak, then one of two ways down. Shares are of all steps. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ScheduleConfig.Wsd.class, name = "wsd"),
    @JsonSubTypes.Type(value = ScheduleConfig.Cosine.class, name = "cosine")
})
public sealed interface ScheduleConfig {
    /** Steps of the warm-up. */
    long warmup();

    /** Share of a run's time after which a run by minutes must know its number of steps, because the rate depends on it from there. */
    double decideAt();

    /**
     * Warm-up, stable, decay (arXiv:2404.06395): at the peak until share {@code stable}, then linear to {@code end} of the peak.
     */
    record Wsd(long warmup, double stable, double end) implements ScheduleConfig {
        public Wsd {
            check(warmup, end);
            if (!(stable >= 0 && stable <= 1)) {
                throw new IllegalArgumentException("schedule: stable " + stable + "; need a share, 0 to 1");
            }
        }

        @Override
        public double decideAt() {
            return stable;
        }
    }

    /** Warm-up, then half a cosine to {@code end} of the peak. */
    record Cosine(long warmup, double end) implements ScheduleConfig {
        private static final double DECIDE = 0.05;

        public Cosine {
            check(warmup, end);
        }

        @Override
        public double decideAt() {
            return DECIDE;
        }
    }

    private static void check(long warmup, double end) {
        if (warmup < 0) {
            throw new IllegalArgumentException("schedule: warmup " + warmup + "; need 0 or more");
        }
        if (!(end >= 0 && end <= 1)) {
            throw new IllegalArgumentException("schedule: end " + end + "; need a share of the peak, 0 to 1");
        }
    }
}
