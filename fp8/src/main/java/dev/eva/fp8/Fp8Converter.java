package dev.eva.fp8;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/**
 * Conversion with one scale a kind of tensor, kept from call to call and set from data when asked:
 * {@code update}: {@code scale = max(amax, 1e-4) / max}; {@code convert}: {@code code = encode(x / scale)}, saturating.
 *
 * <p>Scales begin at 1. Data that outgrow the scale saturate, and are counted. Where a scale for every tile of the data
 * at hand is wanted, see {@link Fp8Quantizer}. Not to be shared by threads.
 */
public final class Fp8Converter {
    /** What a tensor is, as far as its format and scale are concerned. */
    public enum Kind {
        ACTIVATION,
        GRADIENT,
        WEIGHT
    }

    /**
     * Counters of a kind.
     *
     * @param conversions calls of {@link #convert}
     * @param elements values converted
     * @param overflows values that were beyond the format's largest after division by the scale, NaN included
     */
    public record Statistics(long conversions, long elements, long overflows) {
        /** Part of the elements that overflowed; 0 where there are none. */
        public double overflowRate() {
            return elements == 0 ? 0 : (double) overflows / elements;
        }
    }

    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);
    private static final Statistics NONE = new Statistics(0, 0, 0);

    private final Fp8Format[] formats;
    private final float[] scales = new float[Kind.values().length];
    private final Statistics[] statistics = new Statistics[Kind.values().length];

    /** A converter with a format for each kind. */
    public Fp8Converter(Fp8Format activation, Fp8Format gradient, Fp8Format weight) {
        formats = new Fp8Format[] {activation, gradient, weight};
        reset();
    }

    /** E4M3 for everything, as in DeepSeek-V3. */
    public static Fp8Converter e4m3() {
        return new Fp8Converter(Fp8Format.E4M3, Fp8Format.E4M3, Fp8Format.E4M3);
    }

    /** The format of a kind. */
    public Fp8Format format(Kind kind) {
        return formats[kind.ordinal()];
    }

    /** The scale that the next conversion divides by. */
    public float scale(Kind kind) {
        return scales[kind.ordinal()];
    }

    /** What has been converted since the beginning or {@link #reset}. */
    public Statistics statistics(Kind kind) {
        return statistics[kind.ordinal()];
    }

    /** Scales to 1, counters to 0. */
    public void reset() {
        Arrays.fill(scales, 1f);
        Arrays.fill(statistics, NONE);
    }

    /**
     * Sets the scale of a kind from data.
     *
     * @return the new scale
     * @throws IllegalArgumentException if the data are not finite; the scale then stays
     */
    public float update(Kind kind, Tensor x) {
        float amax = KERNEL.amax(x.size(), x.array(), x.offset());
        if (!Float.isFinite(amax)) {
            throw new IllegalArgumentException("fp8 scale: the largest absolute value of " + kind + " " + x.shape()
                    + " is " + amax + "; need finite values");
        }
        scales[kind.ordinal()] = Fp8Scale.FLOAT32.of(amax, format(kind));
        return scale(kind);
    }

    /** Converts a tensor of two dimensions with the scale of its kind. */
    public Fp8Matrix convert(Kind kind, Tensor x) {
        if (x.shape().rank() != 2) {
            throw new IllegalArgumentException("fp8 convert: shape " + x.shape() + "; need two dimensions");
        }
        Fp8Format format = format(kind);
        Fp8Matrix out = Fp8Matrix.zeros(format, Fp8Tiling.TENSOR, x.dim(0), x.dim(1));
        float scale = scale(kind);
        out.scales()[0] = scale;
        LongAdder overflows = new LongAdder();
        Parallel.elements(x.size(), (from, to) -> {
            int at = x.offset() + from;
            KERNEL.quantize(format, to - from, scale, x.array(), at, out.codes(), from);
            overflows.add(overflows(to - from, format.max(), scale, x.array(), at));
        });
        Statistics before = statistics(kind);
        statistics[kind.ordinal()] = new Statistics(
                before.conversions() + 1, before.elements() + x.size(), before.overflows() + overflows.sum());
        return out;
    }

    /** Sets the scale from the data, then converts them: nothing overflows. */
    public Fp8Matrix updateAndConvert(Kind kind, Tensor x) {
        update(kind, x);
        return convert(kind, x);
    }

    /** What a conversion cost in accuracy. */
    public static Fp8Quality quality(Tensor x, Fp8Matrix converted) {
        return Fp8Quality.of(x.toArray(), converted.dequantize().toArray());
    }

    /** Rounding of the scale may leave the largest value a bit beyond the format's: that is no overflow. */
    private static int overflows(int n, float max, float scale, float[] x, int at) {
        float limit = Math.nextUp(Math.nextUp(max));
        int count = 0;
        for (int i = at; i < at + n; i++) {
            if (!(Math.abs(x[i]) / scale <= limit)) {
                count++;
            }
        }
        return count;
    }
}
