package dev.eva.fp8;

import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.RowPacking;

/** Rows as tiles of 1 x 128: a code each, and a scale a tile. */
record Fp8RowPacking(Fp8Format format, Fp8Scale scale) implements RowPacking {
    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);
    private static final int BLOCK = Fp8Blocks.BLOCK;

    @Override
    public int scales(int cols) {
        return Fp8Blocks.blocks(cols);
    }

    @Override
    public void pack(
            int cols, float[] x, int xOffset, byte[] codes, int codesOffset, float[] scales, int scalesOffset) {
        KERNEL.quantizeTiles(format, scale, cols, x, xOffset, scales, scalesOffset, codes, codesOffset);
    }

    @Override
    public void unpack(
            int cols, byte[] codes, int codesOffset, float[] scales, int scalesOffset, float[] out, int outOffset) {
        for (int j = 0, t = scalesOffset; j < cols; j += BLOCK, t++) {
            int n = Math.min(BLOCK, cols - j);
            KERNEL.dequantize(format, n, scales[t], codes, codesOffset + j, out, outOffset + j);
        }
    }
}
