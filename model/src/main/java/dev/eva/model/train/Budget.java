package dev.eva.model.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** How long a run lasts. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Budget.Steps.class, name = "steps"),
    @JsonSubTypes.Type(value = Budget.Minutes.class, name = "minutes")
})
public sealed interface Budget {
    /** A number of optimizer steps. */
    record Steps(long steps) implements Budget {
        public Steps {
            if (steps < 1) {
                throw new IllegalArgumentException("steps: " + steps + "; need at least 1");
            }
        }
    }

    /** A time on this machine; the number of steps that fit is decided on the way, from the measured speed. */
    record Minutes(double minutes) implements Budget {
        public Minutes {
            if (!(minutes > 0) || Double.isInfinite(minutes)) {
                throw new IllegalArgumentException("minutes: " + minutes + "; need more than 0");
            }
        }
    }
}
