package dev.eva.model.checkpoint;

/** The values of a tensor, made or read in parts, so that a tensor need not be in memory as a whole. */
@FunctionalInterface
interface FloatSource {
    /** Puts the values {@code [from, from + count)}, row-major, into the first {@code count} of {@code into}. */
    void read(long from, int count, float[] into);
}
