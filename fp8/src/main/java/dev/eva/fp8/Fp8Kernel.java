package dev.eva.fp8;

/**
 * The loops of FP8 conversion, single-threaded, over plain arrays. {@code x / scale} is a true float32 division: the
 * product with a reciprocal differs in the last bit and now and then in the code.
 *
 * <p>NaN becomes some NaN code; everything else is the same bits in every implementation.
 */
public interface Fp8Kernel {
    /** The scalar reference. */
    Fp8Kernel REFERENCE = new Fp8Kernel() {};

    /** {@code max_i |x_i|}, 0 for {@code n = 0}; NaN if some value is. */
    default float amax(int n, float[] x, int xOffset) {
        int max = 0;
        for (int i = 0; i < n; i++) {
            // Without the sign, the bits of floats are ordered as the floats are, and NaN comes last.
            max = Math.max(max, Float.floatToRawIntBits(x[xOffset + i]) & 0x7FFFFFFF);
        }
        return Float.intBitsToFloat(max);
    }

    /** {@code amax_i = max(amax_i, |x_i|)} where {@code amax_i >= 0}; NaN stays. */
    default void amaxEach(int n, float[] x, int xOffset, float[] amax, int amaxOffset) {
        for (int i = 0; i < n; i++) {
            int abs = Float.floatToRawIntBits(x[xOffset + i]) & 0x7FFFFFFF;
            int max = Math.max(Float.floatToRawIntBits(amax[amaxOffset + i]), abs);
            amax[amaxOffset + i] = Float.intBitsToFloat(max);
        }
    }

    /** {@code code_i = encode(x_i)}, saturating or as {@link Fp8Format#encodeOrOverflow}. */
    default void encode(
            Fp8Format format, boolean saturate, int n, float[] x, int xOffset, byte[] codes, int codesOffset) {
        for (int i = 0; i < n; i++) {
            float v = x[xOffset + i];
            codes[codesOffset + i] = saturate ? format.encode(v) : format.encodeOrOverflow(v);
        }
    }

    /** {@code code_i = encode(x_i / scale)}, saturating. */
    default void quantize(Fp8Format format, int n, float scale, float[] x, int xOffset, byte[] codes, int codesOffset) {
        for (int i = 0; i < n; i++) {
            codes[codesOffset + i] = format.encode(x[xOffset + i] / scale);
        }
    }

    /**
     * Tiles of 128 neighbours, the last one perhaps shorter: {@code scale_t = rounding(amax of tile t)},
     * {@code code_i = encode(x_i / scale_t)}, saturating.
     */
    default void quantizeTiles(
            Fp8Format format,
            Fp8Scale rounding,
            int n,
            float[] x,
            int xOffset,
            float[] scales,
            int scalesOffset,
            byte[] codes,
            int codesOffset) {
        for (int from = 0, t = scalesOffset; from < n; from += Fp8Blocks.BLOCK, t++) {
            int size = Math.min(Fp8Blocks.BLOCK, n - from);
            scales[t] = rounding.of(amax(size, x, xOffset + from), format);
            quantize(format, size, scales[t], x, xOffset + from, codes, codesOffset + from);
        }
    }

    /** {@code code_i = encode(x_i / scale_i)}, saturating. */
    default void quantizeEach(
            Fp8Format format,
            int n,
            float[] x,
            int xOffset,
            float[] scales,
            int scalesOffset,
            byte[] codes,
            int codesOffset) {
        for (int i = 0; i < n; i++) {
            codes[codesOffset + i] = format.encode(x[xOffset + i] / scales[scalesOffset + i]);
        }
    }

    /** {@code out_i = scale * decode(code_i)}. */
    default void dequantize(
            Fp8Format format, int n, float scale, byte[] codes, int codesOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = format.decode(codes[codesOffset + i]) * scale;
        }
    }

    /** {@code out_i = scale_i * decode(code_i)}. */
    default void dequantizeEach(
            Fp8Format format,
            int n,
            byte[] codes,
            int codesOffset,
            float[] scales,
            int scalesOffset,
            float[] out,
            int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = format.decode(codes[codesOffset + i]) * scales[scalesOffset + i];
        }
    }

    /** {@code out_i = scale * decode(encode(x_i / scale))}: quantised and back, without the codes; out may be x. */
    default void round(Fp8Format format, int n, float scale, float[] x, int xOffset, float[] out, int outOffset) {
        for (int i = 0; i < n; i++) {
            out[outOffset + i] = format.decode(format.encode(x[xOffset + i] / scale)) * scale;
        }
    }

    /** {@code out_i = scale_i * decode(encode(x_i / scale_i))}; out may be x. */
    default void roundEach(
            Fp8Format format,
            int n,
            float[] x,
            int xOffset,
            float[] scales,
            int scalesOffset,
            float[] out,
            int outOffset) {
        for (int i = 0; i < n; i++) {
            float scale = scales[scalesOffset + i];
            out[outOffset + i] = format.decode(format.encode(x[xOffset + i] / scale)) * scale;
        }
    }
}
