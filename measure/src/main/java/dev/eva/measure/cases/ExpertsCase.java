package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** One product an expert, over tokens sorted by expert, with uneven shares as a router gives them. */
public final class ExpertsCase implements Case {
    private final int experts;
    private final int slots;
    private final int k;
    private final int n;
    private final int[] starts;
    private final float[] x;
    private final float[] w;

    /**
     * @param slots rows of all experts together
     * @param k width of a row
     * @param n rows of each expert's weight
     */
    public ExpertsCase(int experts, int slots, int k, int n) {
        this.experts = experts;
        this.slots = slots;
        this.k = k;
        this.n = n;
        this.starts = new int[experts + 1];
        for (int e = 0; e <= experts; e++) {
            double part = (double) e / experts;
            starts[e] = (int) (slots * (0.5 * part + 0.5 * part * part));
        }
        this.x = Draw.uniform(slots * k, 31);
        this.w = Draw.uniform(experts * k * n, 32);
    }

    @Override
    public String what() {
        return "layers";
    }

    @Override
    public String name() {
        return "experts-" + experts + "x" + slots + "x" + n + "x" + k;
    }

    @Override
    public double flops() {
        return 2.0 * slots * k * n;
    }

    @Override
    public double bytes() {
        return 4.0 * (x.length + w.length + (double) slots * n);
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), Gemm.class, Gemm.REFERENCE).map(gemm -> {
            float[] y = new float[slots * n];
            Gemm.Prepared b = gemm.prepare(experts, k, n, w, 0, n * k, 1, k, null);
            return Running.of(gemm, () -> gemm.multiplyGrouped(starts, x, 0, k, 1, b, 0f, y, 0, n), () -> y);
        });
    }

    @Override
    public void verify(Way way, float[] result) {
        Running reference = on(Way.REFERENCE).orElseThrow();
        reference.run().run();
        Verified.close(Verified.label(this, way), result, 0, reference.result().get(), 1e-5 * Math.sqrt(k), 0);
    }
}
