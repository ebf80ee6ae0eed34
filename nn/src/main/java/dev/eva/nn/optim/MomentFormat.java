package dev.eva.nn.optim;

import java.util.Locale;

/** What AdamW carries its two moments in from step to step; a step computes in float32 either way. */
public enum MomentFormat {
    /** float32. */
    FP32,
    /** bfloat16, half the memory, rounded to the nearest, ties to even (arXiv:2412.19437, section 3.3.3). */
    BF16;

    /** The word for the command line. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
