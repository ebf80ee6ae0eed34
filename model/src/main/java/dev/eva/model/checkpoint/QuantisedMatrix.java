package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import java.nio.ByteBuffer;

/**
 * A matrix that is quantised while it is written, a band of 128 rows at a time, so that a matrix of any size passes
 * through little memory. The codes come first; with the last of them the scales are complete.
 */
final class QuantisedMatrix {
    private final String name;
    private final int rows;
    private final int cols;
    private final FloatSource values;
    private final Fp8Quantizer quantizer;
    private final float[] scales;
    private byte[] codes;
    private int band = -1;
    private double signal;
    private double noise;
    private double largestError;

    /**
     * @param quantizer of blocks of 128 x 128
     */
    QuantisedMatrix(String name, int rows, int cols, FloatSource values, Fp8Quantizer quantizer) {
        this.name = name;
        this.rows = rows;
        this.cols = cols;
        this.values = values;
        this.quantizer = quantizer;
        this.scales = new float[Fp8Blocks.blocks(rows) * Fp8Blocks.blocks(cols)];
    }

    /** The grid of the scales. */
    int[] grid() {
        return new int[] {Fp8Blocks.blocks(rows), Fp8Blocks.blocks(cols)};
    }

    /** Puts codes {@code [from, from + count)}, row-major; called once for each, in order. */
    void codes(ByteBuffer into, int from, int count) {
        int height = Fp8Blocks.BLOCK;
        for (int at = from; at < from + count; ) {
            int wanted = at / cols / height;
            if (wanted != band) {
                quantise(wanted);
            }
            int first = at - band * height * cols;
            int n = Math.min(from + count - at, codes.length - first);
            into.put(codes, first, n);
            at += n;
        }
    }

    /** The scales, when all codes have been put. */
    FloatSource scales() {
        return (from, count, into) -> System.arraycopy(scales, (int) from, into, 0, count);
    }

    /** What the codes have lost, when all have been put. */
    CheckpointExport.Loss loss() {
        double snr = noise == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
        return new CheckpointExport.Loss(name, (long) rows * cols, snr, largestError);
    }

    private void quantise(int next) {
        band = next;
        int first = band * Fp8Blocks.BLOCK;
        int height = Math.min(Fp8Blocks.BLOCK, rows - first);
        float[] x = new float[height * cols];
        values.read((long) first * cols, x.length, x);
        Fp8Matrix q = quantizer.quantize(x, 0, height, cols);
        codes = q.codes();
        System.arraycopy(q.scales(), 0, scales, band * Fp8Blocks.blocks(cols), q.scales().length);
        float[] y = new float[x.length];
        q.dequantize(y, 0);
        for (int i = 0; i < x.length; i++) {
            double error = Math.abs((double) x[i] - y[i]);
            signal += (double) x[i] * x[i];
            noise += error * error;
            largestError = Math.max(largestError, error);
        }
    }
}
