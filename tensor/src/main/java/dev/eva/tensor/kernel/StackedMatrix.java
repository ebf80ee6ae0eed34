package dev.eva.tensor.kernel;

import java.util.Arrays;
import java.util.List;

/**
 * Matrices of the same width, one below the other: gate and up projection, which a checkpoint stores apart. All round
 * their input alike.
 */
public record StackedMatrix(List<FrozenMatrix> parts) implements FrozenMatrix {
    public StackedMatrix {
        parts = List.copyOf(parts);
        if (parts.isEmpty()
                || parts.stream().mapToInt(FrozenMatrix::cols).distinct().count() != 1) {
            String sizes = Arrays.toString(parts.stream()
                    .map(p -> "(" + p.rows() + ", " + p.cols() + ")")
                    .toArray());
            throw new IllegalArgumentException("stacked matrix: " + sizes + "; need matrices of the same width");
        }
    }

    @Override
    public int rows() {
        int rows = 0;
        for (FrozenMatrix part : parts) {
            rows += part.rows();
        }
        return rows;
    }

    @Override
    public int cols() {
        return parts.getFirst().cols();
    }

    @Override
    public long bytes() {
        return parts.stream().mapToLong(FrozenMatrix::bytes).sum();
    }

    @Override
    public int fewRows() {
        int fewest = Integer.MAX_VALUE;
        for (FrozenMatrix part : parts) {
            fewest = Math.min(fewest, part.fewRows());
        }
        return fewest;
    }

    @Override
    public InputRounding inputRounding() {
        return parts.getFirst().inputRounding();
    }

    @Override
    public void widen(int row, int col, int count, float[] out, int outOffset) {
        int first = 0;
        for (int p = 0; ; p++) {
            FrozenMatrix part = parts.get(p);
            if (row < first + part.rows()) {
                part.widen(row - first, col, count, out, outOffset);
                return;
            }
            first += part.rows();
        }
    }

    @Override
    public void turn(int row, int count, int col, int length, float[] out, int outOffset, int outRow) {
        int first = 0;
        for (int p = 0; p < parts.size() && first < row + count; p++) {
            FrozenMatrix part = parts.get(p);
            int begin = Math.max(row - first, 0);
            int end = Math.min(row + count - first, part.rows());
            if (begin < end) {
                part.turn(begin, end - begin, col, length, out, outOffset + first + begin - row, outRow);
            }
            first += part.rows();
        }
    }

    @Override
    public void multiply(int m, float[] x, int xOffset, int xRow, int from, int to, float[] y, int yOffset, int yRow) {
        int first = 0;
        for (int p = 0; p < parts.size() && first < to; p++) {
            FrozenMatrix part = parts.get(p);
            int begin = Math.max(from - first, 0);
            int end = Math.min(to - first, part.rows());
            if (begin < end) {
                part.multiply(m, x, xOffset, xRow, begin, end, y, yOffset + first, yRow);
            }
            first += part.rows();
        }
    }
}
