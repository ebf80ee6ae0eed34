package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;

/**
 * Totals over all elements of a tensor, as plain numbers: nothing is recorded. The same bits for any number of threads.
 */
public final class Totals {
    private static final Reduction REDUCTION = Kernels.find(Reduction.class, Reduction.REFERENCE);

    /** Elements that are summed in one partial result. */
    private static final int BLOCK = 32 * 1024;

    private Totals() {}

    /** {@code sum_i x_i}. */
    public static double sum(Tensor x) {
        return total(x.size(), x.array(), x.offset(), REDUCTION::sum);
    }

    /** {@code sum_i x_i^2}, the square of the L2 norm. NaN or infinite where an element is. */
    public static double sumOfSquares(Tensor x) {
        return total(x.size(), x.array(), x.offset(), REDUCTION::sumOfSquares);
    }

    @FunctionalInterface
    private interface Block {
        double of(int n, float[] x, int xOffset);
    }

    private static double total(int n, float[] x, int offset, Block block) {
        if (n <= BLOCK) {
            return block.of(n, x, offset);
        }
        double[] partial = new double[(n + BLOCK - 1) / BLOCK];
        Parallel.range(n, BLOCK, (from, to) -> partial[from / BLOCK] = block.of(to - from, x, offset + from));
        double sum = 0;
        for (double p : partial) {
            sum += p;
        }
        return sum;
    }
}
