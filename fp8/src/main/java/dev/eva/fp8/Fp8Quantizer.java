package dev.eva.fp8;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Float32 to FP8 with a scale for each tile: {@code scale = max(amax, 1e-4) / max}, rounded as {@link Fp8Scale} says,
 * then {@code code = encode(x / scale)}, rounded to the nearest even code, saturating (arXiv:2412.19437, section 3.3.2:
 * scales are computed from the data at hand, not from earlier steps).
 *
 * <p>All threads take part; the result does not depend on their number. Nothing is allocated beyond the result. A tile
 * with a value that is not finite dequantises to values that are not finite.
 *
 * @param format what is written
 * @param tiling which elements share a scale
 * @param scale how scales are rounded
 */
public record Fp8Quantizer(Fp8Format format, Fp8Tiling tiling, Fp8Scale scale) {
    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);

    private static final Fp8MatrixKernel WHOLE = Kernels.find(Fp8MatrixKernel.class, Fp8MatrixKernel.REFERENCE);

    /** Elements a task: some ten microseconds. */
    private static final int GRAIN = 32 * 1024;
    /** Columns a task, whole tiles: 128 rows of them stay in the cache between the two passes. */
    private static final int STRIP = 4 * Fp8Blocks.BLOCK;

    /** Quantises a tensor of two dimensions. */
    public Fp8Matrix quantize(Tensor x) {
        if (x.shape().rank() != 2) {
            throw new IllegalArgumentException("quantize: shape " + x.shape() + "; need two dimensions");
        }
        return quantize(x.array(), x.offset(), x.dim(0), x.dim(1));
    }

    /** Quantises {@code rows * cols} values, row-major, from {@code xOffset} on. */
    public Fp8Matrix quantize(float[] x, int xOffset, int rows, int cols) {
        Fp8Matrix out = Fp8Matrix.zeros(format, tiling, rows, cols);
        quantize(x, xOffset, out);
        return out;
    }

    /** Quantises into a matrix of this format and tiling, whose codes and scales are overwritten. */
    public void quantize(float[] x, int xOffset, Fp8Matrix out) {
        if (out.format() != format || out.tiling() != tiling) {
            throw new IllegalArgumentException("quantize: the result is " + out.format() + ", " + out.tiling()
                    + "; need " + format + ", " + tiling);
        }
        Objects.checkFromIndexSize(xOffset, out.codes().length, x.length);
        if (WHOLE.quantize(scale, x, xOffset, out)) {
            return;
        }
        switch (tiling) {
            case TENSOR -> tensor(x, xOffset, out);
            case TILE_1X128 -> rows(x, xOffset, out);
            case TILE_128X1, BLOCK_128X128 -> bands(x, xOffset, out);
        }
    }

    /**
     * As {@link #quantize(float[], int, int, int)}, but a value becomes one of its two neighbouring codes by chance, so
     * that the mean over seeds is the value. The random bits of an element depend on the seed and its place alone.
     */
    public Fp8Matrix quantizeStochastic(float[] x, int xOffset, int rows, int cols, long seed) {
        Fp8Matrix out = quantize(x, xOffset, rows, cols);
        byte[] codes = out.codes();
        Parallel.rows(rows, cols, (from, to) -> {
            for (int i = from; i < to; i++) {
                for (int j = 0; j < cols; j++) {
                    int at = i * cols + j;
                    codes[at] = format.encodeStochastic(x[xOffset + at] / out.scale(i, j), random(seed, at));
                }
            }
        });
        return out;
    }

    /** The largest value of a whole tensor is found first: a maximum does not depend on the order of its parts. */
    private void tensor(float[] x, int xOffset, Fp8Matrix out) {
        byte[] codes = out.codes();
        AtomicInteger amaxBits = new AtomicInteger();
        Parallel.range(codes.length, GRAIN, (from, to) -> {
            int bits = Float.floatToRawIntBits(KERNEL.amax(to - from, x, xOffset + from));
            amaxBits.accumulateAndGet(bits, Math::max);
        });
        float s = scale.of(Float.intBitsToFloat(amaxBits.get()), format);
        out.scales()[0] = s;
        Parallel.range(
                codes.length,
                GRAIN,
                (from, to) -> KERNEL.quantize(format, to - from, s, x, xOffset + from, codes, from));
    }

    private void rows(float[] x, int xOffset, Fp8Matrix out) {
        int cols = out.cols();
        int gridCols = tiling.gridCols(cols);
        Parallel.rows(out.rows(), cols, (from, to) -> {
            for (int i = from; i < to; i++) {
                int at = i * cols;
                KERNEL.quantizeTiles(
                        format, scale, cols, x, xOffset + at, out.scales(), i * gridCols, out.codes(), at);
            }
        });
    }

    private void bands(float[] x, int xOffset, Fp8Matrix out) {
        int strips = Math.ceilDiv(out.cols(), STRIP);
        Parallel.run(
                tiling.gridRows(out.rows()) * strips, t -> band(x, xOffset, out, t / strips, t % strips * STRIP));
    }

    /** Walks the rows of a strip, as memory likes it; the scales themselves collect the largest values. */
    private void band(float[] x, int xOffset, Fp8Matrix out, int gridRow, int col) {
        int cols = out.cols();
        int n = Math.min(STRIP, cols - col);
        int height = tiling.height(out.rows());
        int first = gridRow * height * cols + col;
        int end = first + Math.min(height, out.rows() - gridRow * height) * cols;
        float[] scales = out.scales();
        int width = tiling.width(cols);
        int from = gridRow * tiling.gridCols(cols) + col / width;
        int to = from + Math.ceilDiv(n, width);
        Arrays.fill(scales, from, to, 0f);
        for (int at = first; at < end; at += cols) {
            amaxRow(n, x, xOffset + at, scales, from);
        }
        for (int j = from; j < to; j++) {
            scales[j] = scale.of(scales[j], format);
        }
        for (int at = first; at < end; at += cols) {
            quantizeRow(n, x, xOffset + at, scales, from, out.codes(), at);
        }
    }

    private void amaxRow(int n, float[] x, int at, float[] amax, int amaxAt) {
        if (tiling == Fp8Tiling.TILE_128X1) {
            KERNEL.amaxEach(n, x, at, amax, amaxAt);
            return;
        }
        for (int j = 0, s = amaxAt; j < n; j += Fp8Blocks.BLOCK, s++) {
            amax[s] = Math.max(amax[s], KERNEL.amax(Math.min(Fp8Blocks.BLOCK, n - j), x, at + j));
        }
    }

    private void quantizeRow(int n, float[] x, int at, float[] scales, int scalesAt, byte[] codes, int codesAt) {
        if (tiling == Fp8Tiling.TILE_128X1) {
            KERNEL.quantizeEach(format, n, x, at, scales, scalesAt, codes, codesAt);
            return;
        }
        for (int j = 0, s = scalesAt; j < n; j += Fp8Blocks.BLOCK, s++) {
            KERNEL.quantize(format, Math.min(Fp8Blocks.BLOCK, n - j), scales[s], x, at + j, codes, codesAt + j);
        }
    }

    /** 32 bits for an element: a hash with full avalanche (two rounds of multiply, shift, exclusive or). */
    private static int random(long seed, int element) {
        int h = mix((int) seed ^ mix((int) (seed >>> 32)));
        return mix(h + element * 0x9E3779B9);
    }

    private static int mix(int h) {
        int g = (h ^ (h >>> 16)) * 0x85EBCA6B;
        g = (g ^ (g >>> 13)) * 0xC2B2AE35;
        return g ^ (g >>> 16);
    }
}
