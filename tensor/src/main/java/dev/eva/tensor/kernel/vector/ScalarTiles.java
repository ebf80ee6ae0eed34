package dev.eva.tensor.kernel.vector;

/** Tiles of C by plain loops, with the bits of {@link TilesFour}: one fma an element, in ascending order along k. */
final class ScalarTiles {
    private ScalarTiles() {}

    // spotless:off: one argument a line would triple the length of every call

    /** {@code C = init + A B} for {@code m} rows and {@code width} columns, B packed or standing. */
    static void rows(
            int m, int k, float[] a, int aOffset, int aRow, int aStep, float[] b, int bOffset, int bStep, int width,
            float[] init, int initOffset, int initRow, float[] c, int cOffset, int cRow) {
        for (int i = 0; i < m; i++) {
            int at = cOffset + i * cRow;
            System.arraycopy(init, initOffset + i * initRow, c, at, width);
            for (int p = 0; p < k; p++) {
                addScaled(width, a[aOffset + i * aRow + p * aStep], b, bOffset + p * bStep, c, at);
            }
        }
    }

    // spotless:on

    private static void addScaled(int n, float factor, float[] x, int xOffset, float[] out, int outOffset) {
        for (int j = 0; j < n; j++) {
            out[outOffset + j] = Math.fma(factor, x[xOffset + j], out[outOffset + j]);
        }
    }
}
