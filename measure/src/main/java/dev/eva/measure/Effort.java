package dev.eva.measure;

/**
 * How much time a measurement may take.
 *
 * @param warmSeconds time that every way runs uncounted, at least once
 * @param sampleSeconds time that a sample fills with as many runs as fit, at least one
 * @param samples samples of every way, in turn
 */
public record Effort(double warmSeconds, double sampleSeconds, int samples) {
    /** For a first look: a fifth of a second a way. */
    public static final Effort QUICK = new Effort(0.08, 0.02, 5);
    /** For figures to be quoted. */
    public static final Effort FULL = new Effort(0.5, 0.06, 9);

    public Effort {
        if (!(warmSeconds >= 0) || !(sampleSeconds >= 0) || samples < 1) {
            throw new IllegalArgumentException("effort: " + warmSeconds + " s of warm-up, " + samples + " samples of "
                    + sampleSeconds + " s; need at least one sample and no negative time");
        }
    }
}
