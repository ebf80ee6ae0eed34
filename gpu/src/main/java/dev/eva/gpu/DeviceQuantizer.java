package dev.eva.gpu;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8MatrixKernel;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.gpu.kernels.Quantize;

/** FP8 codes of tiles of 1 x 128 and blocks of 128 x 128, made on a device; smaller matrices are the host's. */
final class DeviceQuantizer implements Fp8MatrixKernel {
    /** Elements from which a matrix is taken, {@code -Deva.opencl.smallest}. */
    private static final long SMALLEST = 1 << 20;
    /** Rows of a work group. */
    private static final int GROUP = 16;

    private final DeviceSession session;
    private final long smallest = Long.getLong("eva.opencl.smallest", SMALLEST);
    private final Quantize kernel = new Quantize();

    DeviceQuantizer(DeviceSession session) {
        this.session = session;
    }

    @Override
    public synchronized boolean quantize(Fp8Scale rounding, float[] x, int xOffset, Fp8Matrix out) {
        boolean blocks = out.tiling() == Fp8Tiling.BLOCK_128X128;
        if (out.codes().length < smallest || !blocks && out.tiling() != Fp8Tiling.TILE_1X128) {
            return false;
        }
        int tiles = Fp8Blocks.blocks(out.cols());
        if (kernel.x == x) {
            kernel.put(x);
        }
        kernel.x = x;
        kernel.xAt = xOffset;
        kernel.rows = out.rows();
        kernel.cols = out.cols();
        kernel.codes = out.codes();
        kernel.scales = out.scales();
        kernel.most = new float[out.rows() * tiles];
        kernel.blocks = blocks ? 1 : 0;
        kernel.powers = rounding == Fp8Scale.POWER_OF_TWO ? 1 : 0;
        kernel.mantissa = out.format().mantissaBits();
        kernel.bias = out.format().bias();
        kernel.largest = out.format().max();
        session.run(kernel, session.range(tiles, Math.ceilDiv(out.rows(), GROUP) * GROUP, 1, GROUP), blocks ? 2 : 1);
        kernel.get(out.codes());
        kernel.get(out.scales());
        return true;
    }
}
