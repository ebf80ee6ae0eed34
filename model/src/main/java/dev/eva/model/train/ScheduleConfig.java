package dev.eva.model.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.eva.nn.optim.Schedule;
import java.util.OptionalLong;

/** The learning rate over a run: linear warm-up to the peak, then one of two ways down. Shares are of all steps. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = ScheduleConfig.Wsd.class, name = "wsd"),
    @JsonSubTypes.Type(value = ScheduleConfig.Cosine.class, name = "cosine")
})
public sealed interface ScheduleConfig {
    /** Steps of the warm-up. */
    long warmup();

    /**
     * Share of a run's time after which a run by minutes must know its number of steps, because the rate depends on it
     * from there.
     */
    double decideAt();

    /**
     * The learning rate by the step.
     *
     * @param total steps of the run; empty while a run by minutes has not decided it
     */
    Schedule schedule(double peak, OptionalLong total);

    /** Word for it in options. */
    String type();

    /** The same with another warm-up. */
    ScheduleConfig withWarmup(long steps);

    /** The same with a warm-up that is at most a tenth of the steps, where their number is known. */
    default ScheduleConfig within(Budget budget) {
        return switch (budget) {
            case Budget.Steps s -> withWarmup(Math.min(warmup(), s.steps() / 10));
            case Budget.Minutes m -> this;
        };
    }

    /**
     * Warm-up, stable, decay (arXiv:2404.06395): at the peak until share {@code stable}, then linear to {@code end} of
     * the peak.
     */
    record Wsd(long warmup, double stable, double end) implements ScheduleConfig {
        public Wsd {
            check(warmup, end);
            if (!(stable >= 0 && stable <= 1)) {
                throw new IllegalArgumentException("schedule: stable " + stable + "; need a share, 0 to 1");
            }
        }

        @Override
        public String type() {
            return "wsd";
        }

        @Override
        public ScheduleConfig withWarmup(long steps) {
            return new Wsd(steps, stable, end);
        }

        @Override
        public double decideAt() {
            return stable;
        }

        @Override
        public Schedule schedule(double peak, OptionalLong total) {
            return total.isEmpty()
                    ? new Schedule.Constant(peak, warmup)
                    : new Schedule.Wsd(peak, warmup, Math.round(stable * total.getAsLong()), total.getAsLong(), end);
        }
    }

    /**
     * Warm-up, then half a cosine to {@code end} of the peak. A run by minutes stays at the peak for a fifth of its
     * time, because it does not know its length before; WSD suits it better.
     */
    record Cosine(long warmup, double end) implements ScheduleConfig {
        private static final double DECIDE = 0.2;

        public Cosine {
            check(warmup, end);
        }

        @Override
        public String type() {
            return "cosine";
        }

        @Override
        public ScheduleConfig withWarmup(long steps) {
            return new Cosine(steps, end);
        }

        @Override
        public double decideAt() {
            return DECIDE;
        }

        @Override
        public Schedule schedule(double peak, OptionalLong total) {
            return total.isEmpty()
                    ? new Schedule.Constant(peak, warmup)
                    : new Schedule.Cosine(peak, warmup, total.getAsLong(), end);
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
