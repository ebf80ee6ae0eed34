package dev.eva.measure.cases;

import dev.eva.measure.Case;
import dev.eva.measure.Running;
import dev.eva.measure.Verified;
import dev.eva.measure.Way;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Optional;

/** A product in F32 with a weight that was prepared before, as a layer has it. */
public final class GemmCase implements Case {
    private final Shape shape;
    private final float[] a;
    private final float[] b;

    public GemmCase(Shape shape) {
        this.shape = shape;
        this.a = Draw.uniform(Math.multiplyExact(shape.m(), shape.k()), 7);
        this.b = Draw.uniform(Math.multiplyExact(shape.k(), shape.n()), 8);
    }

    @Override
    public String what() {
        return "gemm";
    }

    @Override
    public String name() {
        return shape.toString();
    }

    @Override
    public int size() {
        return !shape.transposed() && shape.m() == shape.n() && shape.m() == shape.k() ? shape.m() : 0;
    }

    @Override
    public String kernel() {
        return shape.m() < 8 ? "product of few rows" : "product";
    }

    @Override
    public double flops() {
        return shape.flops();
    }

    @Override
    public double bytes() {
        return 4.0 * ((double) shape.m() * shape.k() + (double) shape.k() * shape.n() + (double) shape.m() * shape.n());
    }

    /** Its sizes. */
    public Shape shape() {
        return shape;
    }

    /** The left operand (m, k). */
    public float[] a() {
        return a;
    }

    /** The right operand, (k, n) or transposed. */
    public float[] b() {
        return b;
    }

    @Override
    public Optional<Running> on(Way way) {
        return Kernels.of(way.provider(), Gemm.class, Gemm.REFERENCE).map(gemm -> {
            float[] c = new float[Math.multiplyExact(shape.m(), shape.n())];
            // Twice, as a weight is in training.
            Gemm.Prepared w = prepared(gemm, prepared(gemm, null));
            return Running.of(
                    gemm, () -> gemm.multiply(shape.m(), a, 0, shape.k(), 1, w, null, 0, 0f, c, 0, shape.n()), () -> c);
        });
    }

    /** The right operand made ready by some kernels. */
    public Gemm.Prepared prepared(Gemm gemm, Gemm.Prepared reuse) {
        int bRow = shape.transposed() ? 1 : shape.n();
        int bCol = shape.transposed() ? shape.k() : 1;
        return gemm.prepare(1, shape.k(), shape.n(), b, 0, 0, bRow, bCol, reuse);
    }

    @Override
    public void verify(Way way, float[] result) {
        new ReferenceRows(shape.m(), shape.n(), shape.k(), a, prepared(Gemm.REFERENCE, null))
                .verify(Verified.label(this, way), result, 1e-5);
    }
}
