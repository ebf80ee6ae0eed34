package dev.eva.tensor.ops;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.Reduction;
import java.util.Arrays;
import java.util.List;

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

    /** {@code sum_i x_i^2} over all tensors, one after the other: what is added to what does not depend on threads. */
    public static double sumOfSquares(List<Tensor> tensors) {
        int[] first = new int[tensors.size() + 1];
        for (int t = 0; t < tensors.size(); t++) {
            first[t + 1] = first[t] + (tensors.get(t).size() + BLOCK - 1) / BLOCK;
        }
        double[] partial = new double[first[tensors.size()]];
        Parallel.run(partial.length, block -> {
            int at = Arrays.binarySearch(first, block);
            int t = at >= 0 ? at : -at - 2;
            while (first[t + 1] == block) {
                t++; // an empty tensor has no block
            }
            Tensor x = tensors.get(t);
            int from = (block - first[t]) * BLOCK;
            partial[block] = REDUCTION.sumOfSquares(Math.min(BLOCK, x.size() - from), x.array(), x.offset() + from);
        });
        double total = 0;
        for (int t = 0; t < tensors.size(); t++) {
            double sum = 0;
            for (int block = first[t]; block < first[t + 1]; block++) {
                sum += partial[block];
            }
            total += sum;
        }
        return total;
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
