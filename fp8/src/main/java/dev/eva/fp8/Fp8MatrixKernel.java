package dev.eva.fp8;

/**
 * Conversion of a whole matrix at once, for something that is worth a call only for that much: a device. What it does
 * not take is converted by the loops of {@link Fp8Kernel}, with the same bits.
 */
public interface Fp8MatrixKernel {
    /** Takes nothing. */
    Fp8MatrixKernel REFERENCE = new Fp8MatrixKernel() {};

    /**
     * {@code scale_t = rounding(amax of tile t)}, {@code code_i = encode(x_i / scale_t)}, saturating, as
     * {@link Fp8Quantizer} has it.
     *
     * @param out of the format and tiling wanted; codes and scales are overwritten
     * @return whether it was done; if not, {@code out} is as before
     */
    default boolean quantize(Fp8Scale rounding, float[] x, int xOffset, Fp8Matrix out) {
        return false;
    }
}
