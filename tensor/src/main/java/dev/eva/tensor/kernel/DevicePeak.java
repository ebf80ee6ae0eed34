package dev.eva.tensor.kernel;

/** The ceilings of a device, measured where its kernels run: {@link Peak} for something that cuts its work itself. */
public interface DevicePeak {
    /** Knows none. */
    DevicePeak REFERENCE = new DevicePeak() {};

    /** Fused multiply-adds in registers, operations a second of one measurement; NaN if it cannot tell. */
    default double flopRate() {
        return Double.NaN;
    }

    /** Reading memory of the device that no cache holds, bytes a second of one measurement; NaN if it cannot tell. */
    default double byteRate() {
        return Double.NaN;
    }
}
