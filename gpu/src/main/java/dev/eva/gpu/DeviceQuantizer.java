package dev.eva.gpu;

import com.aparapi.Range;
import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8MatrixKernel;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.gpu.kernels.Quantize;
import dev.eva.gpu.kernels.SharedQuantize;
import dev.eva.gpu.kernels.TileQuantize;
import dev.eva.tensor.kernel.DeviceTimed;

/** FP8 codes of tiles of 1 x 128 and blocks of 128 x 128, made on a device; smaller matrices are the host's. */
final class DeviceQuantizer implements Fp8MatrixKernel, DeviceTimed {
    /** Elements from which a matrix is taken, {@code -Deva.opencl.smallest}. */
    private static final long SMALLEST = 1 << 20;

    /** Rows of a work group of a CPU. */
    private static final int GROUP = 16;

    private final DeviceSession session;
    private final long smallest = Long.getLong(DeviceChoice.SMALLEST, SMALLEST);
    private final boolean shared;
    private final Quantize kernel;
    private boolean timed;
    private long transferNanos;

    DeviceQuantizer(DeviceSession session) {
        this(session, !session.isCpu());
    }

    /**
     * @param shared whether items share a tile, as suits a GPU
     */
    DeviceQuantizer(DeviceSession session, boolean shared) {
        this.session = session;
        this.shared = shared;
        this.kernel = shared ? new SharedQuantize() : new TileQuantize();
    }

    @Override
    public synchronized boolean quantize(Fp8Scale rounding, float[] x, int xOffset, Fp8Matrix out) {
        boolean blocks = out.tiling() == Fp8Tiling.BLOCK_128X128;
        if (out.codes().length < smallest || !blocks && out.tiling() != Fp8Tiling.TILE_1X128) {
            return false;
        }
        bind(rounding, x, xOffset, out);
        if (timed) {
            // No rows: takes the arrays there, so that the conversion itself sends none.
            kernel.rows = 0;
            long start = System.nanoTime();
            session.run(kernel, range(out), 1);
            transferNanos += System.nanoTime() - start;
        }
        kernel.rows = out.rows();
        session.run(kernel, range(out), blocks ? 2 : 1);
        long start = System.nanoTime();
        session.fetch(kernel, out.codes());
        session.fetch(kernel, out.scales());
        transferNanos += System.nanoTime() - start;
        return true;
    }

    private void bind(Fp8Scale rounding, float[] x, int xOffset, Fp8Matrix out) {
        if (kernel.x == x) {
            session.send(kernel, x);
        }
        kernel.x = x;
        kernel.xAt = xOffset;
        kernel.cols = out.cols();
        kernel.codes = out.codes();
        kernel.scales = out.scales();
        boolean blocks = out.tiling() == Fp8Tiling.BLOCK_128X128;
        int rowMaxima = shared && !blocks ? 1 : out.rows() * Fp8Blocks.blocks(out.cols());
        if (kernel.most.length < rowMaxima) {
            kernel.most = new float[rowMaxima];
        }
        kernel.blocks = blocks ? 1 : 0;
        kernel.powers = rounding == Fp8Scale.POWER_OF_TWO ? 1 : 0;
        kernel.steps = 1 << out.format().mantissaBits();
        kernel.normal = 1 << out.format().bias() - 1;
        kernel.largest = out.format().max();
    }

    private Range range(Fp8Matrix out) {
        int tiles = Fp8Blocks.blocks(out.cols());
        int group = shared ? SharedQuantize.ROWS : GROUP;
        int lanes = shared ? SharedQuantize.LANES : 1;
        return session.range(tiles * lanes, Math.ceilDiv(out.rows(), group) * group, lanes, group);
    }

    @Override
    public synchronized double transferSeconds() {
        double seconds = timed ? transferNanos / 1e9 : 0;
        timed = true;
        transferNanos = 0;
        return seconds;
    }

    @Override
    public synchronized void stopTiming() {
        timed = false;
    }
}
