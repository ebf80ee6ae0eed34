package dev.eva.masterclass;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Matrix;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.fp8.Fp8Weight;
import dev.eva.fp8.W8a8Weight;
import dev.eva.measure.Interleaved;
import dev.eva.measure.Timing;
import dev.eva.tensor.kernel.F32Matrix;
import dev.eva.tensor.kernel.Gemm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.random.RandomGenerator;

/** {@code Y = X W^T} in F32 and with both operands in FP8, by any provider's products. */
final class ProductExperiment {
    private static final Fp8Quantizer WEIGHTS =
            new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32);

    private final Gemm gemm;
    private final int m;
    private final int n;
    private final int k;
    private final float[] x;
    private final float[] w;
    private final float[] y;

    /**
     * Random operands.
     *
     * @param gemm whose products are measured
     * @param m rows of X
     * @param n rows of W, columns of Y
     * @param k columns of both
     */
    ProductExperiment(Gemm gemm, int m, int n, int k, RandomGenerator random) {
        this.gemm = gemm;
        this.m = m;
        this.n = n;
        this.k = k;
        this.x = gaussian(random, m * k);
        this.w = gaussian(random, n * k);
        this.y = new float[m * n];
    }

    private static float[] gaussian(RandomGenerator random, int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /**
     * Times of one product and what it reads.
     *
     * @param f32 weight prepared before
     * @param convert both operands converted, then multiplied
     * @param converted weight converted before; inputs are rounded in the product, as they are new each time
     * @param f32Bytes of the weight
     * @param fp8Bytes of the weight, scales included
     * @param difference of the FP8 result from the F32 one, {@code 1 - 2 <a, b> / (<a, a> + <b, b>)}
     */
    record Result(Timing f32, Timing convert, Timing converted, long f32Bytes, long fp8Bytes, double difference) {
        double convertRatio() {
            return convert.median() / f32.median();
        }

        double convertedRatio() {
            return converted.median() / f32.median();
        }
    }

    /** All three ways in turn, {@code runs} times. */
    Result run(int runs) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment values = arena.allocate((long) Float.BYTES * w.length, 64);
            MemorySegment.copy(w, 0, values, ValueLayout.JAVA_FLOAT, 0, w.length);
            // snippet: products
            // F32 at its best: panels packed before for many rows, read where it lies for one.
            Gemm.Prepared f32 =
                    m > 1 ? gemm.prepare(1, k, n, w, 0, n * k, 1, k, null) : gemm.prepare(new F32Matrix(values, n, k));
            W8a8Weight eightBits = new W8a8Weight(fp8(arena), Fp8Scale.FLOAT32);
            Gemm.Prepared converted = gemm.prepare(eightBits);
            List<Timing> times = Interleaved.time(
                    2,
                    runs,
                    List.of(
                            () -> multiply(f32),
                            () -> multiply(gemm.prepare(new W8a8Weight(fp8(Arena.ofAuto()), Fp8Scale.FLOAT32))),
                            () -> multiply(converted)));
            // end
            multiply(f32);
            float[] expected = y.clone();
            multiply(converted);
            return new Result(
                    times.get(0),
                    times.get(1),
                    times.get(2),
                    (long) Float.BYTES * n * k,
                    eightBits.bytes(),
                    difference(expected, y));
        }
    }

    private void multiply(Gemm.Prepared b) {
        gemm.multiply(m, x, 0, k, 1, b, null, 0, 0f, y, 0, n);
    }

    private Fp8Weight fp8(Arena arena) {
        Fp8Matrix q = WEIGHTS.quantize(w, 0, n, k);
        MemorySegment codes = arena.allocate(q.codes().length, 64);
        MemorySegment.copy(q.codes(), 0, codes, ValueLayout.JAVA_BYTE, 0, q.codes().length);
        return new Fp8Weight(Fp8Format.E4M3, codes, q.scales(), n, k);
    }

    private static double difference(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return 1 - 2 * ab / (aa + bb);
    }
}
