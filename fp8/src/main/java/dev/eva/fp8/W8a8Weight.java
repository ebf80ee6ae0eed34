package dev.eva.fp8;

import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.InputRounding;
import dev.eva.tensor.kernel.Kernels;

/**
 * An FP8 weight whose products take their input in FP8, too: each row of x in tiles of 128, with a scale of its own,
 * {@code y_n = sum over tiles b of (sum_(k in b) q^x_k q^w_nk) s^x_b s^w_(n,b)}, the products of codes added in float32
 * (arXiv:2412.19437, section 3.3.2). A value {@code q^x s^x} is exact in float32 but for its last bit.
 *
 * @param weight in blocks of 128 x 128
 * @param scale how scales of the input are rounded
 */
public record W8a8Weight(Fp8Weight weight, Fp8Scale scale) implements FrozenMatrix {
    private static final Fp8Kernel KERNEL = Kernels.find(Fp8Kernel.class, Fp8Kernel.REFERENCE);

    @Override
    public int rows() {
        return weight.rows();
    }

    @Override
    public int cols() {
        return weight.cols();
    }

    @Override
    public long bytes() {
        return weight.bytes();
    }

    @Override
    public int fewRows() {
        return weight.fewRows();
    }

    @Override
    public InputRounding inputRounding() {
        return this::round;
    }

    private void round(int n, float[] x, int xOffset, float[] out, int outOffset) {
        float[] scales = new float[Fp8Blocks.blocks(n)];
        byte[] codes = new byte[n];
        KERNEL.quantizeTiles(Fp8Format.E4M3, scale, n, x, xOffset, scales, 0, codes, 0);
        for (int b = 0, at = 0; at < n; b++, at += Fp8Blocks.BLOCK) {
            int count = Math.min(Fp8Blocks.BLOCK, n - at);
            KERNEL.dequantize(Fp8Format.E4M3, count, scales[b], codes, at, out, outOffset + at);
        }
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        weight.widen(row, col, count, out, outOffset);
    }

    @Override
    public void turn(int row, int count, int col, int length, float[] out, int outOffset, int outRow) {
        weight.turn(row, count, col, length, out, outOffset, outRow);
    }

    @Override
    public void multiply(int m, float[] x, int xOffset, int xRow, int from, int to, float[] y, int yOffset, int yRow) {
        weight.multiply(m, x, xOffset, xRow, from, to, y, yOffset, yRow);
    }
}
