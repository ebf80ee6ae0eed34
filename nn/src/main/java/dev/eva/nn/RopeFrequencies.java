package dev.eva.nn;

import dev.eva.nn.RopeConfig.Scaling;
import dev.eva.nn.RopeConfig.Scaling.Yarn;

/** Frequencies and temperatures of rotary embedding, plain and by YaRN (arXiv:2309.00071, sections 3.2 to 3.4). */
final class RopeFrequencies {
    /** The range of pairs over which YaRN passes from keeping a frequency to dividing it. */
    record Ramp(int low, int high) {
        /** 0 up to low, 1 from high. */
        float at(int k) {
            // Equal ends would divide by zero; a thousandth is what every implementation takes.
            double width = low == high ? 0.001 : high - low;
            return (float) Math.clamp((k - low) / width, 0.0, 1.0);
        }
    }

    private RopeFrequencies() {}

    /** {@code f_k} for the {@code dim / 2} pairs, rounded to float32 at each step as trained models have it. */
    static float[] of(RopeConfig config, int dim) {
        float[] f = new float[dim / 2];
        for (int k = 0; k < f.length; k++) {
            float wavelength = (float) Math.pow(config.ropeTheta(), (float) (2 * k) / dim);
            f[k] = switch (config.scaling()) {
                case Scaling.None n -> 1f / wavelength;
                case Yarn y -> {
                    float r = ramp(y, config.ropeTheta(), dim).at(k);
                    yield 1f / ((float) y.factor() * wavelength) * r + 1f / wavelength * (1f - r);
                }
            };
        }
        return f;
    }

    /**
     * Pairs below low turn more than betaFast times over the original context, pairs above high less than betaSlow
     * times.
     */
    static Ramp ramp(Yarn y, double theta, int dim) {
        int low = (int) Math.floor(pairOf(y.betaFast(), y, theta, dim));
        int high = (int) Math.ceil(pairOf(y.betaSlow(), y, theta, dim));
        return new Ramp(Math.max(low, 0), Math.min(high, dim - 1));
    }

    /** The (fractional) pair that turns {@code rotations} times over the original context. */
    private static double pairOf(double rotations, Yarn y, double theta, int dim) {
        return dim * Math.log(y.originalMaxPositionEmbeddings() / (2 * Math.PI * rotations)) / (2 * Math.log(theta));
    }

    /** {@code m(s, a) = 0.1 a ln s + 1}, and 1 where nothing is stretched. */
    static double temperature(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    /**
     * The factor of cos and sin. Models with both keys put the temperature in the softmax scale and leave a ratio here.
     */
    static double multiplier(Scaling scaling) {
        return switch (scaling) {
            case Scaling.None n -> 1;
            case Yarn y -> {
                double mscale = y.mscale().orElse(0);
                double allDim = y.mscaleAllDim().orElse(0);
                yield mscale != 0 && allDim != 0
                        ? temperature(y.factor(), mscale) / temperature(y.factor(), allDim)
                        : temperature(y.factor(), 1);
            }
        };
    }

    /** The factor of the softmax scale: the square, because queries and keys would each carry one. */
    static double softmaxFactor(Scaling scaling) {
        return switch (scaling) {
            case Scaling.None n -> 1;
            case Yarn y -> {
                double allDim = y.mscaleAllDim().orElse(0);
                double m = allDim == 0 ? 1 : temperature(y.factor(), allDim);
                yield m * m;
            }
        };
    }
}
