package dev.eva.gpu;

import dev.eva.gpu.kernels.Product;
import java.util.Arrays;

/** The table of tiles that a product runs over: bands of rows of C, a few rows each. */
final class TileTable {
    private final int tileRows;
    private final int aRow;
    private final int cRow;
    private int[] entries = new int[16 * Product.ENTRY];
    private int count;

    /**
     * @param tileRows rows of a tile at most
     * @param aRow distance of rows of A
     * @param cRow distance of rows of C
     */
    TileTable(int tileRows, int aRow, int cRow) {
        this.tileRows = tileRows;
        this.aRow = aRow;
        this.cRow = cRow;
    }

    /** The tiles of one product of {@code rows} rows and contraction length k. */
    TileTable add(int rows, int k, int a, int b, int c, int scales) {
        for (int from = 0; from < rows; from += tileRows) {
            int at = count * Product.ENTRY;
            if (at == entries.length) {
                entries = Arrays.copyOf(entries, 2 * at);
            }
            entries[at] = a + from * aRow;
            entries[at + 1] = b;
            entries[at + 2] = c + from * cRow;
            entries[at + 3] = Math.min(tileRows, rows - from);
            entries[at + 4] = k;
            entries[at + 5] = scales;
            count++;
        }
        return this;
    }

    boolean isEmpty() {
        return count == 0;
    }

    int[] entries() {
        return Arrays.copyOf(entries, count * Product.ENTRY);
    }
}
