package dev.eva.gpu;

import dev.eva.gpu.kernels.Product;
import java.util.Arrays;

/** The table of tiles that a product runs over: bands of rows of C, a few rows each. */
final class TileTable {
    private final int tileRows;
    private int[] entries = new int[16 * Product.ENTRY];
    private int count;

    /**
     * Rows of a matrix.
     *
     * @param start of the first row, or its number
     * @param row distance of rows
     * @param numbered whether the kernel looks up where a row is by its number
     */
    record Rows(int start, int row, boolean numbered) {
        static Rows at(int start, int row) {
            return new Rows(start, row, false);
        }

        /** From another row on. */
        Rows from(int i) {
            return new Rows(start + (numbered ? i : i * row), row, numbered);
        }
    }

    /**
     * A right operand.
     *
     * @param start of its elements
     * @param scales start of the scales of its codes
     * @param k its rows
     */
    record Right(int start, int scales, int k) {}

    /**
     * @param tileRows rows of a tile at most
     */
    TileTable(int tileRows) {
        this.tileRows = tileRows;
    }

    /** The tiles of one product of {@code rows} rows. */
    TileTable add(int rows, Rows a, Right b, Rows c) {
        for (int from = 0; from < rows; from += tileRows) {
            int at = count * Product.ENTRY;
            if (at == entries.length) {
                entries = Arrays.copyOf(entries, 2 * at);
            }
            entries[at + Product.A] = a.from(from).start;
            entries[at + Product.B] = b.start;
            entries[at + Product.C] = c.from(from).start;
            entries[at + Product.ROWS] = Math.min(tileRows, rows - from);
            entries[at + Product.K] = b.k;
            entries[at + Product.SCALES] = b.scales;
            count++;
        }
        return this;
    }

    /** Rows of a tile at most. */
    int tileRows() {
        return tileRows;
    }

    int count() {
        return count;
    }

    int[] entries() {
        return Arrays.copyOf(entries, count * Product.ENTRY);
    }
}
