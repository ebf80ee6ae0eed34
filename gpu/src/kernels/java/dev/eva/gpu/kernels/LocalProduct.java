package dev.eva.gpu.kernels;

/**
 * Products for devices with local memory and many registers a work group: 16 x 16 items compute a tile of 64 x 64, each
 * 4 x 4 of it, from strips of A and B, 16 along k, that the group has copied to local memory.
 *
 * <p>Group (block of 64 columns, tile); an entry has up to 64 rows.
 */
public final class LocalProduct extends Product {
    /** Rows and columns of a tile. */
    public static final int SIDE = 64;
    /** Rows and columns of a work group. */
    public static final int GROUP = 16;

    private static final int EACH = 4;
    private static final int STRIP = 16;

    @Local
    private float[] left = new float[STRIP * SIDE];

    @Local
    private float[] right = new float[STRIP * SIDE];

    @PrivateMemorySpace(EACH * EACH)
    private float[] sum = new float[EACH * EACH];

    @Override
    public void run() {
        if (mode == COPY_FLOATS || mode == COPY_CODES) {
            if (getGlobalId(1) == 0) {
                copy();
            }
        } else if (getPassId() == UP || getPassId() == DOWN) {
            // All of a group go the same way: there are barriers on it.
            int tile = firstTile() + getGroupId(1);
            if (tile < endTile() && getGroupId(0) * SIDE < columns()) {
                product(tile * ENTRY, getLocalId(0), getLocalId(1));
            }
        } else {
            betweenProducts();
        }
    }

    private void product(int t, int x, int y) {
        int k = tiles[t + K];
        // The row of A and the column of B that an item copies: the same in every strip.
        int lane = (y * GROUP + x) % SIDE;
        int start = lane < tiles[t + ROWS] ? rowStart(t, lane) : -1;
        for (int i = 0; i < EACH * EACH; i++) {
            sum[i] = 0f;
        }
        for (int p = 0; p < k; p += STRIP) {
            for (int i = 0; i < EACH; i++) {
                int e = i * GROUP * GROUP + y * GROUP + x;
                left[e] = leftValue(start, p + e / SIDE, k);
                right[e] = rightValue(t, p + e / SIDE, getGroupId(0) * SIDE + lane);
            }
            localBarrier();
            for (int q = 0; q < STRIP; q++) {
                for (int r = 0; r < EACH; r++) {
                    float v = left[q * SIDE + y * EACH + r];
                    for (int s = 0; s < EACH; s++) {
                        sum[r * EACH + s] += v * right[q * SIDE + s * GROUP + x];
                    }
                }
            }
            localBarrier();
        }
        store(t, x, y);
    }

    /** {@code A(row, p)} of the row that starts at {@code start}, 0 outside. */
    private float leftValue(int start, int p, int k) {
        float v = 0f;
        if (p < k && start >= 0) {
            v = fromA(start + p * aCol);
        }
        return v;
    }

    /** {@code B(p, j)}, 0 outside. */
    private float rightValue(int t, int p, int j) {
        int k = tiles[t + K];
        float v = 0f;
        if (p < k && j < columns()) {
            int panel = j / PANEL;
            int packed = tiles[t + B] + (panel * k + p) * PANEL + j % PANEL;
            if (stored() == PANELS) {
                v = w[packed];
            } else if (stored() == CODES) {
                int scale = tiles[t + SCALES] + panel * ((k + BLOCK - 1) / BLOCK) + p / BLOCK;
                v = table[codes[packed] & 255] * w[scale];
            } else {
                v = b[tiles[t + B] + p * bRow + j];
            }
        }
        return v;
    }

    private void store(int t, int x, int y) {
        for (int r = 0; r < EACH; r++) {
            int row = y * EACH + r;
            for (int s = 0; s < EACH; s++) {
                int j = getGroupId(0) * SIDE + s * GROUP + x;
                if (row < tiles[t + ROWS] && j < columns()) {
                    put(resultStart(t, row) + j, sum[r * EACH + s]);
                }
            }
        }
    }
}
