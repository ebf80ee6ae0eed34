package dev.eva.masterclass;

import dev.eva.fp8.Fp8Converter;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quality;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.tensor.Tensor;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Numbers of eight bits: which there are, and what is lost. */
final class Fp8Experiment {
    static final int SIDE = 100;
    static final int LARGE = 1024;

    private static final int TILE = 128;

    private Fp8Experiment() {}

    /**
     * The kinds of tiles that share a scale, as the page names them.
     */
    enum Granularity {
        TENSOR("tensor", "one scale a tensor", Fp8Tiling.TENSOR),
        TILE("tile", "tiles of 1x128", Fp8Tiling.TILE_1X128),
        BLOCK("block", "blocks of 128x128", Fp8Tiling.BLOCK_128X128);

        final String id;
        final String label;
        final Fp8Tiling tiling;

        Granularity(String id, String label, Fp8Tiling tiling) {
            this.id = id;
            this.label = label;
            this.tiling = tiling;
        }
    }

    /** All finite values above 0 of a format, ascending. */
    static double[] codePoints(Fp8Format format) {
        double[] points = new double[format.firstSpecial() - 1];
        for (int code = 1; code < format.firstSpecial(); code++) {
            points[code - 1] = format.decode((byte) code);
        }
        return points;
    }

    /** The founding document's table: normal values of a scale through a converter that sets its scale from them. */
    static Fp8Quality converted(Fp8Converter.Kind kind, Fp8Converter converter, float std, RandomGenerator random) {
        Tensor x = Tensor.randn(random, 0f, std, SIDE, SIDE);
        // snippet: convert
        converter.update(kind, x); // scale = max |x| / largest value of the format
        Fp8Matrix eightBits = converter.convert(kind, x); // code = nearest(x / scale), saturating
        Fp8Quality quality = Fp8Converter.quality(x, eightBits);
        // end
        return quality;
    }

    /** The quality of a matrix in tiles. */
    static Fp8Quality tiled(Fp8Format format, Fp8Tiling tiling, Fp8Scale scale, Tensor x) {
        return Fp8Converter.quality(x, new Fp8Quantizer(format, tiling, scale).quantize(x));
    }

    /**
     * A matrix as uneven as activations are: normal values, times a factor for each region of 128 x 128 and one for
     * each row in it, both spread over decades.
     */
    static Tensor uneven(RandomGenerator random) {
        int grid = LARGE / TILE;
        double[] region = random.doubles((long) grid * grid, -2, 2).toArray();
        float[] x = new float[LARGE * LARGE];
        for (int i = 0; i < LARGE; i++) {
            double[] row = random.doubles(grid, -1, 1).toArray();
            for (int j = 0; j < LARGE; j++) {
                double decades = region[i / TILE * grid + j / TILE] + row[j / TILE];
                x[i * LARGE + j] = (float) (random.nextGaussian() * Math.pow(10, decades));
            }
        }
        return Tensor.of(x, LARGE, LARGE);
    }

    /**
     * Mean relative errors of values by their magnitude.
     *
     * @param magnitude in the middle of each step
     * @param error in percent; 100 where a value becomes 0
     */
    record ErrorCurve(double[] magnitude, double[] error) {}

    /**
     * Errors of a format without a scale, for magnitudes from {@code 2^from} to {@code 2^to}, a step an octave: the
     * error within one rises and falls in the same way.
     */
    static ErrorCurve formatErrors(Fp8Format format, int from, int to) {
        int samples = 512;
        double[] magnitude = new double[to - from];
        double[] error = new double[magnitude.length];
        for (int i = 0; i < magnitude.length; i++) {
            magnitude[i] = Math.scalb(Math.sqrt(2), from + i);
            for (int s = 0; s < samples; s++) {
                float x = (float) Math.pow(2, from + i + (s + 0.5) / samples);
                error[i] += 100 * Math.abs((format.decode(format.encode(x)) - x) / x) / samples;
            }
        }
        return new ErrorCurve(magnitude, error);
    }

    /** Errors of the values of a matrix in tiles, a step an octave; those with less than 50 values are left out. */
    static ErrorCurve tileErrors(Fp8Tiling tiling, Tensor x, int from, int to) {
        float[] before = x.toArray();
        float[] after = new Fp8Quantizer(Fp8Format.E4M3, tiling, Fp8Scale.FLOAT32)
                .quantize(x)
                .dequantize()
                .toArray();
        double[] sums = new double[to - from];
        int[] counts = new int[sums.length];
        for (int i = 0; i < before.length; i++) {
            int step = Math.getExponent(before[i]) - from;
            if (step >= 0 && step < sums.length) {
                sums[step] += 100 * Math.abs(((double) after[i] - before[i]) / before[i]);
                counts[step]++;
            }
        }
        int[] kept =
                IntStream.range(0, sums.length).filter(i -> counts[i] >= 50).toArray();
        return new ErrorCurve(
                IntStream.of(kept)
                        .mapToDouble(i -> Math.scalb(Math.sqrt(2), from + i))
                        .toArray(),
                IntStream.of(kept).mapToDouble(i -> sums[i] / counts[i]).toArray());
    }
}
