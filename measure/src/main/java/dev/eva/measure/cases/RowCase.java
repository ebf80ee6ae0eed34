package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;
import java.util.function.Function;

/**
 * A kernel over rows, between the products of a model.
 *
 * @param name of the kernel
 * @param rows number of rows
 * @param flopsPerElement operations as the equation has them, an exponential or a root counted as one
 * @param bytesPerElement read and written
 * @param reference the family's constant REFERENCE
 * @param outputs what the kernel writes, as it is before; every way gets its own copies
 * @param part the kernel over rows {@code [from, to)}
 * @param result what is compared, of the outputs
 */
record RowCase<F>(
        String name,
        int rows,
        double flopsPerElement,
        double bytesPerElement,
        Class<F> family,
        F reference,
        float[][] outputs,
        Part<F> part,
        Function<float[][], float[]> result)
        implements Case {
    /** Values of a row. */
    static final int WIDTH = 256;
    /** Rows a task. */
    static final int GRAIN = 128;

    private static final double TOLERANCE = 1e-5;

    /** A kernel over some rows. */
    interface Part<F> {
        void run(F kernels, float[][] out, int from, int to);
    }

    @Override
    public String what() {
        return "layers";
    }

    @Override
    public double elements() {
        return (double) rows * WIDTH;
    }

    @Override
    public String kernel() {
        return name;
    }

    @Override
    public double flops() {
        return flopsPerElement * elements();
    }

    @Override
    public double bytes() {
        return bytesPerElement * elements();
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), family, reference).map(kernels -> {
            float[][] out = new float[outputs.length][];
            for (int i = 0; i < out.length; i++) {
                out[i] = outputs[i].clone();
            }
            Runnable run = () -> Split.range(way, rows, GRAIN, (from, to) -> part.run(kernels, out, from, to));
            return Running.of(kernels, run, () -> result.apply(out));
        });
    }

    @Override
    public void verify(Way way, float[] actual) {
        Running expected = on(Way.REFERENCE).orElseThrow();
        expected.run().run();
        Verified.close(Verified.label(this, way), actual, 0, expected.result().get(), TOLERANCE, TOLERANCE);
    }
}
