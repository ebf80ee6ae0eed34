package dev.eva.measure.cases;

import dev.eva.measure.Verified;
import dev.eva.tensor.kernel.Gemm;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A product by the scalar reference: all rows of a small one; of a large one as many as take about a tenth of a second,
 * spread evenly over the rows and the last one among them, and one for all elements: {@code r^T C = (r^T A) B} for
 * random signs r, which a wrong element of C puts out of balance.
 *
 * @param a (m, k)
 * @param b prepared by the reference
 */
record ReferenceRows(int m, int n, int k, float[] a, Gemm.Prepared b) {
    private static final double WORK = 1e8;
    private static final int FEWEST = 3;

    /** @param unit what may be off for each root of k, with operands of about 1 */
    void verify(String label, float[] result, double unit) {
        int count = (int) Math.clamp(WORK / (2.0 * n * k), Math.min(m, FEWEST), m);
        float[] row = new float[n];
        IntStream.range(0, count)
                .map(i -> (int) (i * (m - 1L) / Math.max(1, count - 1)))
                .distinct()
                .forEach(i -> {
                    Gemm.REFERENCE.multiply(1, a, i * k, k, 1, b, null, 0, 0f, row, 0, n);
                    Verified.close(label, result, i * n, row, unit * Math.sqrt(k), 0);
                });
        if (count < m) {
            Gemm.REFERENCE.multiply(1, signedSum(a, k), 0, k, 1, b, null, 0, 0f, row, 0, n);
            Verified.close(
                    label + ", rows added with random signs",
                    signedSum(result, n),
                    0,
                    row,
                    unit * Math.sqrt(k) * Math.sqrt(m),
                    0);
        }
    }

    /** {@code r^T x} of x (m, width), added in float64. */
    private float[] signedSum(float[] x, int width) {
        SplittableRandom random = new SplittableRandom(m);
        double[] sum = new double[width];
        for (int i = 0; i < m; i++) {
            int sign = random.nextBoolean() ? 1 : -1;
            for (int j = 0; j < width; j++) {
                sum[j] += sign * x[i * width + j];
            }
        }
        float[] rounded = new float[width];
        for (int j = 0; j < width; j++) {
            rounded[j] = (float) sum[j];
        }
        return rounded;
    }
}
