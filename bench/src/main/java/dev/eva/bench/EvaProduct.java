package dev.eva.bench;

import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import java.util.Random;

/** A product by Eva's chosen kernels, with operands in the heap. */
final class EvaProduct {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);

    private final Shape shape;
    final float[] a;
    final float[] b;
    final float[] c;
    private Gemm.Prepared prepared;

    EvaProduct(Shape shape) {
        this.shape = shape;
        Random random = new Random(7);
        this.a = values(shape.m() * shape.k(), random);
        this.b = values(shape.k() * shape.n(), random);
        this.c = new float[shape.m() * shape.n()];
        prepare();
    }

    private static float[] values(int size, Random random) {
        float[] x = new float[size];
        for (int i = 0; i < size; i++) {
            x[i] = random.nextFloat() * 2f - 1f;
        }
        return x;
    }

    /** Packs B: once per change of a weight. */
    void prepare() {
        int bRow = shape.transposed() ? 1 : shape.n();
        int bCol = shape.transposed() ? shape.k() : 1;
        prepared = GEMM.prepare(1, shape.k(), shape.n(), b, 0, 0, bRow, bCol, prepared);
    }

    void multiply() {
        GEMM.multiply(shape.m(), a, 0, shape.k(), 1, prepared, null, 0, 0f, c, 0, shape.n());
    }

    /** Throws unless C is {@code other} but for rounding: a figure of a wrong product means nothing. */
    void verify(float[] other) {
        double tolerance = 1e-5 * Math.sqrt(shape.k());
        for (int i = 0; i < c.length; i++) {
            if (!(Math.abs(c[i] - other[i]) < tolerance)) {
                throw new IllegalStateException(shape + ": element " + i + " is " + c[i] + " by Eva and " + other[i]
                        + " by OpenBLAS; need a difference under " + tolerance);
            }
        }
    }
}
