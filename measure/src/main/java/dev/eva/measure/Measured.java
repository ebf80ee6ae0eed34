package dev.eva.measure;

/**
 * One case on one way.
 *
 * @param what its group
 * @param name of the case
 * @param size on the axis of a series of sizes, 0 outside of one
 * @param way name of the way
 * @param seconds of one run
 * @param flops operations of one run
 * @param bytes of one run at least
 * @param elements converted or mapped by one run; 0 where operations are what counts
 * @param tokens that one run reads or writes; 0 where it is no model
 * @param transferSeconds of {@code seconds}, spent between the memories of host and device
 * @param peakFlops ceiling of operations a second of this way, NaN where it is not known
 * @param peakBytes ceiling of bytes a second of this way, NaN where it is not known
 */
public record Measured(
        String what,
        String name,
        int size,
        String way,
        Timing seconds,
        double flops,
        double bytes,
        double elements,
        double tokens,
        double transferSeconds,
        double peakFlops,
        double peakBytes) {
    /** Operations a second. */
    public double flopRate() {
        return flops / seconds.median();
    }

    /** Bytes a second. */
    public double byteRate() {
        return bytes / seconds.median();
    }

    /** Median seconds of work alone. */
    public double withoutTransfers() {
        return seconds.median() - transferSeconds;
    }

    /** Operations a byte. */
    public double intensity() {
        return flops / bytes;
    }

    /** Whether memory and not arithmetic is the lower ceiling; false where a ceiling is not known. */
    public boolean memoryBound() {
        return intensity() * peakBytes < peakFlops;
    }

    /**
     * Share of the lower ceiling that was reached, NaN where it is not known. Above 1 in memory's part of the roof if
     * the operands come from a cache.
     */
    public double ofPeak() {
        return memoryBound() ? byteRate() / peakBytes : flopRate() / peakFlops;
    }
}
