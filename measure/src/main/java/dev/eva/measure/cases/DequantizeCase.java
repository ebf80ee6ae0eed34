package dev.eva.measure.cases;

import dev.eva.fp8.Fp8Blocks;
import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Kernel;
import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** E4M3 to F32 in blocks of 128 x 128, as weights are stored. */
public final class DequantizeCase implements Case {
    /** Elements a task. */
    private static final int GRAIN = 32 * 1024;

    private final int rows;
    private final int cols;
    private final byte[] codes;
    private final float[] scales;

    public DequantizeCase(int rows, int cols) {
        this.rows = rows;
        this.cols = cols;
        float[] x = Draw.uniform(Math.multiplyExact(rows, cols), 4);
        this.codes = new byte[x.length];
        Fp8Kernel.REFERENCE.encode(Fp8Format.E4M3, true, x.length, x, 0, codes, 0);
        this.scales = Draw.uniform(Fp8Blocks.blocks(rows) * Fp8Blocks.blocks(cols), 5);
    }

    @Override
    public String what() {
        return "fp8";
    }

    @Override
    public String name() {
        return "dequantise-" + rows + "x" + cols;
    }

    @Override
    public double flops() {
        return codes.length;
    }

    @Override
    public double elements() {
        return codes.length;
    }

    @Override
    public double bytes() {
        return 5.0 * codes.length + 4.0 * scales.length;
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), Fp8Kernel.class, Fp8Kernel.REFERENCE).map(kernel -> {
            float[] out = new float[codes.length];
            Runnable run = () -> Split.range(way, rows, Math.max(1, GRAIN / cols), (from, to) -> {
                for (int i = from; i < to; i++) {
                    row(kernel, i, out);
                }
            });
            return Running.of(kernel, run, () -> out);
        });
    }

    private void row(Fp8Kernel kernel, int i, float[] out) {
        int scale = i / Fp8Blocks.BLOCK * Fp8Blocks.blocks(cols);
        for (int j = 0; j < cols; j += Fp8Blocks.BLOCK, scale++) {
            int at = i * cols + j;
            kernel.dequantize(Fp8Format.E4M3, Math.min(Fp8Blocks.BLOCK, cols - j), scales[scale], codes, at, out, at);
        }
    }

    @Override
    public void verify(Way way, float[] result) {
        Running reference = on(Way.REFERENCE).orElseThrow();
        reference.run().run();
        Verified.close(Verified.label(this, way), result, 0, reference.result().get(), 0, 0);
    }
}
