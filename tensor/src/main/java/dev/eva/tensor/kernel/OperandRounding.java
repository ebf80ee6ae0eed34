package dev.eva.tensor.kernel;

/**
 * What training does to the operands of the three products with a weight before it multiplies them: rounding to a
 * format of fewer bits, the values then being float32 again. Each weight has one of its own.
 *
 * <p>Letters: {@code y = x W^T}, {@code dX = dY W}, {@code dW = dY^T x}. Operands are contiguous, row-major. The result
 * depends on the values alone, not on the number of threads.
 */
public interface OperandRounding {
    /**
     * The weight, for y and dX.
     *
     * @param matrices matrices of (rows, cols), one below the other, rounded apart
     */
    void weight(int matrices, int rows, int cols, float[] w, int wOffset, float[] out);

    /** How rows of x are kept for the backward pass: {@link #activation} is packing and unpacking. */
    RowPacking packing();

    /** Told of every x before it is rounded for y, also where its rounded form is there already. */
    default void sees(int rows, int cols, float[] x, int xOffset) {}

    /** Rows of x, for y. */
    void activation(int rows, int cols, float[] x, int xOffset, float[] out, int outOffset);

    /** Rows of dY, for dX. */
    void gradient(int rows, int cols, float[] dY, int dYOffset, float[] out, int outOffset);

    /**
     * The columns of x, for dW, which is a sum over rows; x is what {@link #activation} gave, and {@code out} may be x.
     *
     * @param starts ascending row numbers; what lies between two of them is summed up apart
     */
    void activationColumns(int[] starts, int cols, float[] x, int xOffset, float[] out, int outOffset);

    /** The columns of dY, for dW, as {@link #activationColumns}. */
    void gradientColumns(int[] starts, int cols, float[] dY, int dYOffset, float[] out, int outOffset);
}
