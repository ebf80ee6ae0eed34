package dev.eva.measure;

import dev.eva.tensor.kernel.DeviceTimed;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * A case made ready on one way.
 *
 * @param run does it once
 * @param result what the first run computed, to be looked at before a second one
 * @param transferSeconds time of transfers since it was last asked, of a device; 0 on the host
 */
public record Running(Runnable run, Supplier<float[]> result, DoubleSupplier transferSeconds) {
    /** Kernels that may be those of a device. */
    public static Running of(Object kernels, Runnable run, Supplier<float[]> result) {
        return new Running(run, result, kernels instanceof DeviceTimed timed ? timed::transferSeconds : () -> 0);
    }
}
