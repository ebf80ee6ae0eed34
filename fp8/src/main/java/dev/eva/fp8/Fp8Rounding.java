package dev.eva.fp8;

import dev.eva.fp8.Fp8Converter.Kind;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.OperandRounding;
import dev.eva.tensor.kernel.RowPacking;
import java.util.Arrays;

/**
 * DeepSeek-V3's recipe for the three products with a weight: everything is E4M3 with scales of the data at hand.
 * Weights in blocks of 128 x 128; activations and gradients in tiles of 128 neighbours along what a product sums over:
 * 1 x 128 for {@code y = x W^T} and {@code dX = dY W}, 128 x 1 for {@code dW = dY^T x} (arXiv:2412.19437, section 3.3).
 *
 * <p>Activations are kept for the backward pass as they were rounded for y, in tiles of 1 x 128, and rounded again in
 * tiles of 128 x 1. Their scales are powers of two, so that the second time costs nothing but what is too small for its
 * new tile (section 3.3.3 has them for what it keeps). Scales of weights and gradients are float32.
 *
 * <p>Products of codes are added in float32: {@code q s} is exact there but for its last bit, so the values handed on
 * are {@code q s} and the product is a float32 one. Belongs to one weight; not to be shared.
 */
public final class Fp8Rounding implements OperandRounding {
    /** How gradients are rounded. */
    public enum Gradients {
        /** Tiles, as the recipe has them. */
        TILES,
        /** Blocks of 128 x 128, with which training has been seen to diverge (arXiv:2412.19437, appendix B.2). */
        BLOCKS
    }

    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);
    private static final Fp8Format FORMAT = Fp8Format.E4M3;
    private static final int BLOCK = Fp8Blocks.BLOCK;
    /** Columns of a task that walks rows: they and their scales stay in the first-level cache. */
    private static final int STRIP = 4 * BLOCK;

    /** A thread's scales of columns. */
    private static final ThreadLocal<float[]> SCALES = ThreadLocal.withInitial(() -> new float[STRIP]);

    private static final RowPacking PACKING = new Fp8RowPacking(FORMAT, Fp8Scale.POWER_OF_TWO);
    private static final TileScale ACTIVATION = amax -> Fp8Scale.POWER_OF_TWO.of(amax, FORMAT);
    private static final TileScale WEIGHT = amax -> Fp8Scale.FLOAT32.of(amax, FORMAT);
    /** Gradients are means over all tokens of a batch: the least largest value of the other scales would drown them. */
    private static final TileScale GRADIENT = amax -> Math.max(amax / FORMAT.max(), Float.MIN_NORMAL);

    /** The scale of a tile from its largest absolute value. */
    private interface TileScale {
        float of(float amax);
    }

    private final Gradients gradients;
    private Fp8Statistics statistics;

    public Fp8Rounding(Gradients gradients) {
        this.gradients = gradients;
    }

    /** Counts what is rounded from now on into {@code into}; null: no more. Costs about as much again. */
    public void count(Fp8Statistics into) {
        this.statistics = into;
    }

    @Override
    public void weight(int matrices, int rows, int cols, float[] w, int wOffset, float[] out) {
        int bands = Fp8Blocks.blocks(rows);
        Parallel.run(matrices * bands, task -> {
            int first = task % bands * BLOCK;
            int at = (task / bands * rows + first) * cols;
            block(Kind.WEIGHT, WEIGHT, Math.min(BLOCK, rows - first), cols, w, wOffset + at, out, at);
        });
    }

    @Override
    public void sees(int rows, int cols, float[] x, int xOffset) {
        if (statistics != null) {
            countRows(Kind.ACTIVATION, ACTIVATION, rows, cols, x, xOffset);
        }
    }

    private void countRows(Kind kind, TileScale scale, int rows, int cols, float[] x, int xOffset) {
        Parallel.rows(rows, cols, (from, to) -> {
            Fp8Statistics.Counts counts = Fp8Statistics.Counts.NONE;
            for (int i = from; i < to; i++) {
                for (int j = 0; j < cols; j += BLOCK) {
                    int n = Math.min(BLOCK, cols - j);
                    int at = xOffset + i * cols + j;
                    float of = scale.of(KERNEL.amax(n, x, at));
                    counts = counts.plus(Fp8Statistics.Counts.of(FORMAT, n, of, x, at));
                }
            }
            statistics.add(kind, counts);
        });
    }

    @Override
    public RowPacking packing() {
        return PACKING;
    }

    @Override
    public void activation(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        rows(ACTIVATION, rows, cols, x, xOffset, out, outOffset);
    }

    @Override
    public void gradient(int rows, int cols, float[] dY, int dYOffset, float[] out, int outOffset) {
        if (gradients == Gradients.BLOCKS) {
            blocks(rows, cols, dY, dYOffset, out, outOffset);
            return;
        }
        if (statistics != null) {
            countRows(Kind.GRADIENT, GRADIENT, rows, cols, dY, dYOffset);
        }
        rows(GRADIENT, rows, cols, dY, dYOffset, out, outOffset);
    }

    @Override
    public void activationColumns(int[] starts, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        columns(ACTIVATION, starts, cols, x, xOffset, out, outOffset);
    }

    @Override
    public void gradientColumns(int[] starts, int cols, float[] dY, int dYOffset, float[] out, int outOffset) {
        if (gradients == Gradients.BLOCKS) {
            blocks(starts[starts.length - 1], cols, dY, dYOffset, out, outOffset);
        } else {
            columns(GRADIENT, starts, cols, dY, dYOffset, out, outOffset);
        }
    }

    /** Tiles of 1 x 128. */
    private static void rows(TileScale scale, int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        Parallel.rows(rows, cols, (from, to) -> {
            for (int i = from; i < to; i++) {
                for (int j = 0; j < cols; j += BLOCK) {
                    int n = Math.min(BLOCK, cols - j);
                    int at = i * cols + j;
                    float of = scale.of(KERNEL.amax(n, x, xOffset + at));
                    KERNEL.round(FORMAT, n, of, x, xOffset + at, out, outOffset + at);
                }
            }
        });
    }

    private void blocks(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        Parallel.run(Fp8Blocks.blocks(rows), band -> {
            int at = band * BLOCK * cols;
            block(
                    Kind.GRADIENT,
                    GRADIENT,
                    Math.min(BLOCK, rows - band * BLOCK),
                    cols,
                    x,
                    xOffset + at,
                    out,
                    outOffset + at);
        });
    }

    /** A band of blocks. */
    private void block(
            Kind kind, TileScale scale, int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        for (int j = 0; j < cols; j += BLOCK) {
            int n = Math.min(BLOCK, cols - j);
            float amax = 0;
            for (int i = 0; i < rows; i++) {
                amax = Math.max(amax, KERNEL.amax(n, x, xOffset + i * cols + j));
            }
            float of = scale.of(amax);
            for (int i = 0; i < rows; i++) {
                if (statistics != null) {
                    statistics.add(kind, Fp8Statistics.Counts.of(FORMAT, n, of, x, xOffset + i * cols + j));
                }
                KERNEL.round(FORMAT, n, of, x, xOffset + i * cols + j, out, outOffset + i * cols + j);
            }
        }
    }

    /** Tiles of 128 x 1, which begin anew with every group of rows. */
    private static void columns(
            TileScale scale, int[] starts, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        int strips = Math.ceilDiv(cols, STRIP);
        int tiles = 0;
        for (int g = 0; g + 1 < starts.length; g++) {
            tiles += Fp8Blocks.blocks(starts[g + 1] - starts[g]);
        }
        Parallel.run(tiles * strips, task -> {
            int tile = task / strips;
            int g = 0;
            for (int here; tile >= (here = Fp8Blocks.blocks(starts[g + 1] - starts[g])); g++) {
                tile -= here;
            }
            int first = starts[g] + tile * BLOCK;
            int rows = Math.min(BLOCK, starts[g + 1] - first);
            int at = first * cols + task % strips * STRIP;
            int n = Math.min(STRIP, cols - task % strips * STRIP);
            column(scale, rows, n, cols, x, xOffset + at, out, outOffset + at);
        });
    }

    private static void column(
            TileScale scale, int rows, int n, int stride, float[] x, int xOffset, float[] out, int outOffset) {
        float[] scales = SCALES.get();
        Arrays.fill(scales, 0, n, 0f);
        for (int i = 0; i < rows; i++) {
            KERNEL.amaxEach(n, x, xOffset + i * stride, scales, 0);
        }
        for (int j = 0; j < n; j++) {
            scales[j] = scale.of(scales[j]);
        }
        for (int i = 0; i < rows; i++) {
            KERNEL.roundEach(FORMAT, n, x, xOffset + i * stride, scales, 0, out, outOffset + i * stride);
        }
    }
}
