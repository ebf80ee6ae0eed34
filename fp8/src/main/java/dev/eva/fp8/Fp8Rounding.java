package dev.eva.fp8;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.OperandRounding;
import java.util.Arrays;

/**
 * DeepSeek-V3's recipe for the three products with a weight: everything is E4M3 with scales of the data at hand.
 * Weights in blocks of 128 x 128; activations and gradients in tiles of 128 neighbours along what a product sums over:
 * 1 x 128 for {@code y = x W^T} and {@code dX = dY W}, 128 x 1 for {@code dW = dY^T x} (arXiv:2412.19437, section 3.3).
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

    /** A thread's codes and scales on their way. */
    private static final class Scratch {
        private byte[] codes = new byte[0];
        private float[] scales = new float[0];

        Scratch of(int codeCount, int scaleCount) {
            codes = codes.length < codeCount ? new byte[codeCount] : codes;
            scales = scales.length < scaleCount ? new float[scaleCount] : scales;
            return this;
        }
    }

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private final Fp8Scale scale;
    private final Gradients gradients;

    /**
     * @param scale how scales are rounded
     */
    public Fp8Rounding(Fp8Scale scale, Gradients gradients) {
        this.scale = scale;
        this.gradients = gradients;
    }

    @Override
    public void weight(int matrices, int rows, int cols, float[] w, int wOffset, float[] out) {
        int bands = Fp8Blocks.blocks(rows);
        Parallel.run(matrices * bands, task -> {
            int first = task % bands * BLOCK;
            int at = (task / bands * rows + first) * cols;
            block(Math.min(BLOCK, rows - first), cols, w, wOffset + at, out, at);
        });
    }

    @Override
    public void activation(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        rows(rows, cols, x, xOffset, out, outOffset);
    }

    @Override
    public void gradient(int rows, int cols, float[] dY, int dYOffset, float[] out, int outOffset) {
        if (gradients == Gradients.BLOCKS) {
            blocks(rows, cols, dY, dYOffset, out, outOffset);
        } else {
            rows(rows, cols, dY, dYOffset, out, outOffset);
        }
    }

    @Override
    public void activationColumns(int[] starts, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        columns(starts, cols, x, xOffset, out, outOffset);
    }

    @Override
    public void gradientColumns(int[] starts, int cols, float[] dY, int dYOffset, float[] out, int outOffset) {
        if (gradients == Gradients.BLOCKS) {
            blocks(starts[starts.length - 1], cols, dY, dYOffset, out, outOffset);
        } else {
            columns(starts, cols, dY, dYOffset, out, outOffset);
        }
    }

    /** Tiles of 1 x 128. */
    private void rows(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        int tiles = Fp8Blocks.blocks(cols);
        Parallel.rows(rows, cols, (from, to) -> {
            Scratch s = SCRATCH.get().of(cols, tiles);
            for (int i = from; i < to; i++) {
                KERNEL.quantizeTiles(FORMAT, scale, cols, x, xOffset + i * cols, s.scales, 0, s.codes, 0);
                for (int t = 0, j = 0; t < tiles; t++, j += BLOCK) {
                    int n = Math.min(BLOCK, cols - j);
                    KERNEL.dequantize(FORMAT, n, s.scales[t], s.codes, j, out, outOffset + i * cols + j);
                }
            }
        });
    }

    private void blocks(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        Parallel.run(Fp8Blocks.blocks(rows), band -> {
            int at = band * BLOCK * cols;
            block(Math.min(BLOCK, rows - band * BLOCK), cols, x, xOffset + at, out, outOffset + at);
        });
    }

    /** A band of blocks. */
    private void block(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset) {
        Scratch s = SCRATCH.get().of(BLOCK, 0);
        for (int j = 0; j < cols; j += BLOCK) {
            int n = Math.min(BLOCK, cols - j);
            float amax = 0;
            for (int i = 0; i < rows; i++) {
                amax = Math.max(amax, KERNEL.amax(n, x, xOffset + i * cols + j));
            }
            float of = scale.of(amax, FORMAT);
            for (int i = 0; i < rows; i++) {
                KERNEL.quantize(FORMAT, n, of, x, xOffset + i * cols + j, s.codes, 0);
                KERNEL.dequantize(FORMAT, n, of, s.codes, 0, out, outOffset + i * cols + j);
            }
        }
    }

    /** Tiles of 128 x 1, which begin anew with every group of rows. */
    private void columns(int[] starts, int cols, float[] x, int xOffset, float[] out, int outOffset) {
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
            column(rows, n, cols, x, xOffset + at, out, outOffset + at);
        });
    }

    private void column(int rows, int n, int stride, float[] x, int xOffset, float[] out, int outOffset) {
        Scratch s = SCRATCH.get().of(n, n);
        Arrays.fill(s.scales, 0, n, 0f);
        for (int i = 0; i < rows; i++) {
            KERNEL.amaxEach(n, x, xOffset + i * stride, s.scales, 0);
        }
        for (int j = 0; j < n; j++) {
            s.scales[j] = scale.of(s.scales[j], FORMAT);
        }
        for (int i = 0; i < rows; i++) {
            KERNEL.quantizeEach(FORMAT, n, x, xOffset + i * stride, s.scales, 0, s.codes, 0);
            KERNEL.dequantizeEach(FORMAT, n, s.codes, 0, s.scales, 0, out, outOffset + i * stride);
        }
    }
}
