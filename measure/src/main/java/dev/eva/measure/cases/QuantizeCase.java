package dev.eva.measure.cases;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8MatrixKernel;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** F32 to E4M3 in tiles of 1 x 128 with scales in float32, as activations are quantised. */
public final class QuantizeCase implements Case {
    /** Elements a task. */
    private static final int GRAIN = 32 * 1024;

    private final int rows;
    private final int cols;
    private final float[] x;

    public QuantizeCase(int rows, int cols) {
        this.rows = rows;
        this.cols = cols;
        this.x = Draw.uniform(Math.multiplyExact(rows, cols), 3);
    }

    @Override
    public String what() {
        return "fp8";
    }

    @Override
    public String name() {
        return "quantise-" + rows + "x" + cols;
    }

    @Override
    public double flops() {
        return 2.0 * x.length;
    }

    @Override
    public double elements() {
        return x.length;
    }

    @Override
    public double bytes() {
        return 5.0 * x.length + 4.0 * rows * Fp8Blocks.blocks(cols);
    }

    @Override
    public Optional<Running> on(Way way) {
        return way.device() ? onDevice(way) : onHost(way);
    }

    private Optional<Running> onDevice(Way way) {
        return Kernels.of(way.provider(), Fp8MatrixKernel.class, Fp8MatrixKernel.REFERENCE)
                .map(kernel -> {
                    Fp8Matrix out = Fp8Matrix.zeros(Fp8Format.E4M3, Fp8Tiling.TILE_1X128, rows, cols);
                    Runnable run = () -> {
                        if (!kernel.quantize(Fp8Scale.FLOAT32, x, 0, out)) {
                            throw new IllegalStateException(
                                    Verified.label(this, way) + ": the device does not take it");
                        }
                    };
                    return Running.of(kernel, run, () -> joined(out.codes(), out.scales()));
                });
    }

    private Optional<Running> onHost(Way way) {
        return Kernels.of(way.provider(), Fp8Kernel.class, Fp8Kernel.REFERENCE).map(kernel -> {
            int grid = Fp8Blocks.blocks(cols);
            byte[] codes = new byte[x.length];
            float[] scales = new float[rows * grid];
            Runnable run = () -> Split.range(way, rows, Math.max(1, GRAIN / cols), (from, to) -> {
                for (int i = from; i < to; i++) {
                    kernel.quantizeTiles(
                            Fp8Format.E4M3, Fp8Scale.FLOAT32, cols, x, i * cols, scales, i * grid, codes, i * cols);
                }
            });
            return Running.of(kernel, run, () -> joined(codes, scales));
        });
    }

    /** Codes as numbers, then scales: both have to be the same bits. */
    private static float[] joined(byte[] codes, float[] scales) {
        float[] all = new float[codes.length + scales.length];
        for (int i = 0; i < codes.length; i++) {
            all[i] = codes[i];
        }
        System.arraycopy(scales, 0, all, codes.length, scales.length);
        return all;
    }

    @Override
    public void verify(Way way, float[] result) {
        Running reference = on(Way.REFERENCE).orElseThrow();
        reference.run().run();
        Verified.close(Verified.label(this, way), result, 0, reference.result().get(), 0, 0);
    }
}
