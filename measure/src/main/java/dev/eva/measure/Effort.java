package dev.eva.measure;

/**
 * How much time a measurement may take.
 *
 * @param warmSeconds time that every way runs uncounted, at least once
 * @param sampleSeconds time that a sample fills with as many runs as fit, at least one
 * @param samples samples of every way, in turn
 * @param mostSeconds time of all samples of a way; where runs are so long that they do not fit, fewer are taken, three
 *     at least
 */
public record Effort(double warmSeconds, double sampleSeconds, int samples, double mostSeconds) {
    private static final int FEWEST = 3;

    /** For a first look: a fifth of a second a way. */
    public static final Effort QUICK = new Effort(0.05, 0.02, 5, 0.4);
    /** For figures to be quoted. */
    public static final Effort FULL = new Effort(0.5, 0.06, 9, 6);

    public Effort {
        if (!(warmSeconds >= 0) || !(sampleSeconds >= 0) || !(mostSeconds >= 0) || samples < 1) {
            throw new IllegalArgumentException("effort: " + warmSeconds + " s of warm-up, " + samples + " samples of "
                    + sampleSeconds + " s in " + mostSeconds + " s; need at least one sample and no negative time");
        }
    }

    /** Samples of a way whose run takes so many seconds. */
    public int samples(double secondsOfARun) {
        double fit = mostSeconds / Math.max(sampleSeconds, secondsOfARun);
        return Math.min(samples, (int) Math.max(FEWEST, Math.min(fit, samples)));
    }
}
