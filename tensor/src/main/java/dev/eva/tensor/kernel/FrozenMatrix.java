package dev.eva.tensor.kernel;

/**
 * A weight {@code W} (rows, cols) that no longer changes, read in the type and at the place it is stored: a mapped
 * checkpoint, for instance. What multiplies by it widens a strip at a time, so the whole of it is never in float32.
 *
 * <p>Row-major as in every checkpoint: {@code y = x W^T}, so rows are outputs and columns are inputs. Immutable, and
 * read by several threads at once.
 */
public interface FrozenMatrix {
    /** Number of rows: output features. */
    int rows();

    /** Number of columns: input features. */
    int cols();

    /** Bytes that a product has to read, scales included. */
    long bytes();

    /**
     * Rows of x up to which {@link #multiply} is the way; more pay for widening a strip of W first. 0 where there is
     * nothing better than widening.
     */
    default int fewRows() {
        return 0;
    }

    /** What a product does to x before anything else, or null. */
    default InputRounding inputRounding() {
        return null;
    }

    /** {@code out[outOffset + j] = W[row][col + j]} for {@code 0 <= j < count}. */
    void widen(int row, int col, int count, float[] out, int outOffset);

    /**
     * A strip of W turned over, as tiles read it: {@code out[outOffset + p * outRow + j] = W[row + j][col + p]} for
     * {@code 0 <= j < count} and {@code 0 <= p < length}.
     */
    default void turn(int row, int count, int col, int length, float[] out, int outOffset, int outRow) {
        float[] line = new float[length];
        for (int j = 0; j < count; j++) {
            widen(row + j, col, length, line, 0);
            for (int p = 0; p < length; p++) {
                out[outOffset + p * outRow + j] = line[p];
            }
        }
    }

    /**
     * {@code y[i][j] = sum_p x[i][p] W[j][p]} for the m rows of x and the rows {@code [from, to)} of W, where
     * {@code x[i][p] = x[xOffset + i * xRow + p]} and {@code y[i][j] = y[yOffset + i * yRow + j]}. Single-threaded; an
     * element's bits depend on neither {@code m} nor {@code [from, to)}. The rounding of x is the caller's. This is the
     * reference.
     */
    default void multiply(int m, float[] x, int xOffset, int xRow, int from, int to, float[] y, int yOffset, int yRow) {
        float[] w = new float[cols()];
        for (int j = from; j < to; j++) {
            widen(j, 0, cols(), w, 0);
            for (int i = 0; i < m; i++) {
                float sum = 0f;
                for (int p = 0; p < w.length; p++) {
                    sum += x[xOffset + i * xRow + p] * w[p];
                }
                y[yOffset + i * yRow + j] = sum;
            }
        }
    }
}
