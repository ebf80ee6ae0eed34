package dev.eva.tensor.kernel;

/**
 * Kernels of a device with a memory of its own, which know how long their arguments travelled. A family's
 * implementation has this interface, too, if a measurement is to show its work without transfers.
 */
public interface DeviceTimed {
    /** Seconds of transfers, both ways, since the last call of this method. */
    double transferSeconds();

    /** Counts no longer, until the next question: what runs wait for so that transfers can be told from work ends. */
    void stopTiming();
}
