package dev.eva.fp8;

/**
 * Which elements of a matrix share a scale. The scales of a matrix are a grid, row-major, one for each tile of
 * {@code height x width}; tiles at the right and lower edge may be smaller.
 */
public enum Fp8Tiling {
    /** One scale for the whole matrix. */
    TENSOR(0, 0),
    /** 128 neighbours of a row: activations and gradients, where columns are summed over. */
    TILE_1X128(1, Fp8Blocks.BLOCK),
    /** 128 neighbours of a column: operands of the weight gradient, where rows (tokens) are summed over. */
    TILE_128X1(Fp8Blocks.BLOCK, 1),
    /** Blocks of 128 x 128: weights, which are read along rows and along columns. */
    BLOCK_128X128(Fp8Blocks.BLOCK, Fp8Blocks.BLOCK);

    private final int height;
    private final int width;

    Fp8Tiling(int height, int width) {
        this.height = height;
        this.width = width;
    }

    /** Rows of a tile in a matrix of {@code rows}. */
    public int height(int rows) {
        return height == 0 ? rows : height;
    }

    /** Columns of a tile in a matrix of {@code cols}. */
    public int width(int cols) {
        return width == 0 ? cols : width;
    }

    /** Tiles below each other: {@code ceil(rows / height)}. */
    public int gridRows(int rows) {
        return Math.ceilDiv(rows, height(rows));
    }

    /** Tiles beside each other: {@code ceil(cols / width)}. */
    public int gridCols(int cols) {
        return Math.ceilDiv(cols, width(cols));
    }
}
