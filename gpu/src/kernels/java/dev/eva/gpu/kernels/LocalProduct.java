package dev.eva.gpu.kernels;

/**
 * Products for devices with local memory and many registers a work group: 16 x 16 items compute a tile of 128 columns
 * and 128, 64 or 32 rows, each item 8, 4 or 2 rows of 8 columns, from strips of A and B, 16 along k, that the group has
 * copied to local memory.
 *
 * <p>With 8 x 8 elements an item reads 16 values from local memory for 64 multiply-adds. A multiprocessor of a current
 * GPU reads 32 values while it does 128 multiply-adds, so a square block of 4 is at half of its arithmetic at most.
 * Lower tiles are for products with few rows, and for small ones, which would leave units of the device without work.
 *
 * <p>Group (block of 128 columns, tile); an entry has up to {@code 16 * each} rows.
 */
public final class LocalProduct extends Product {
    /** Columns of a tile, and rows of the highest. */
    public static final int SIDE = 128;
    /** Rows and columns of a work group. */
    public static final int GROUP = 16;

    private static final int STRIP = 16;
    private static final int MOST = SIDE / GROUP;
    /**
     * Distance of two steps along k in A's strip: 16 items that write 16 steps of a row, and 16 more those of the next
     * row, meet 32 different banks.
     */
    private static final int LEFT = SIDE + 2;

    /** Bytes of local memory that a group takes. */
    public static final int LOCAL_BYTES = 4 * STRIP * (LEFT + SIDE);

    /** Rows of an item: 8, 4 or 2. */
    public int each = MOST;

    @Local
    private float[] left = new float[STRIP * LEFT];

    @Local
    private float[] right = new float[STRIP * SIDE];

    @PrivateMemorySpace(MOST * MOST)
    private float[] sum = new float[MOST * MOST];

    /** What an item will copy: of A, then of B. */
    @PrivateMemorySpace(2 * MOST)
    private float[] next = new float[2 * MOST];

    /** Where the rows of A start that an item copies. */
    @PrivateMemorySpace(MOST)
    private int[] starts = new int[MOST];

    @Override
    public void run() {
        if (mode == COPY_FLOATS || mode == COPY_CODES) {
            copy();
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
        int id = y * GROUP + x;
        // Neighbours copy what lies side by side: 16 steps of a row of A, or one step of many rows.
        int alongK = aCol == 1 ? 1 : 0;
        int height = each * GROUP;
        int row = alongK == 1 ? id / STRIP : id % height;
        int step = alongK == 1 ? id % STRIP : id / height;
        int nextRow = alongK == 1 ? GROUP : 0;
        int nextStep = alongK == 1 ? 0 : GROUP * GROUP / height;
        int last = tiles[t + ROWS] - 1;
        for (int i = 0; i < MOST; i++) {
            starts[i] = rowStart(t, min(row + i * nextRow, last));
        }
        for (int i = 0; i < MOST * MOST; i++) {
            sum[i] = 0f;
        }
        fetch(t, 0, k, step, nextStep, id);
        for (int p = 0; p < k; p += STRIP) {
            for (int i = 0; i < MOST; i++) {
                if (i < each) {
                    left[(step + i * nextStep) * LEFT + row + i * nextRow] = next[i];
                }
                right[(id / SIDE + i * (STRIP / MOST)) * SIDE + id % SIDE] = next[MOST + i];
            }
            localBarrier();
            if (p + STRIP < k) {
                fetch(t, p + STRIP, k, step, nextStep, id);
            }
            if (each == 8) {
                addEight(x, y);
            } else if (each == 4) {
                addFour(x, y);
            } else {
                addTwo(x, y);
            }
            localBarrier();
        }
        store(t, x, y);
    }

    /** What an item copies of the strip at p; on the way while the group computes with the strip before. */
    private void fetch(int t, int p, int k, int step, int nextStep, int id) {
        for (int i = 0; i < MOST; i++) {
            int q = p + step + i * nextStep;
            float v = 0f;
            if (i < each && q < k) {
                v = fromA(starts[i] + q * aCol);
            }
            next[i] = v;
        }
        // Beyond the last column that one again: nobody stores what comes of it.
        int j = getGroupId(0) * SIDE + id % SIDE;
        j = min(j, columns() - 1);
        int panel = j / PANEL;
        int at = tiles[t + B] + (stored() == RAW ? j : panel * k * PANEL + j % PANEL);
        int row = stored() == RAW ? bRow : PANEL;
        int scales = tiles[t + SCALES] + panel * ((k + BLOCK - 1) / BLOCK);
        for (int i = 0; i < MOST; i++) {
            int q = p + id / SIDE + i * (STRIP / MOST);
            float v = 0f;
            if (q < k) {
                if (stored() == PANELS) {
                    v = w[at + q * row];
                } else if (stored() == CODES) {
                    v = table[codes[at + q * row] & 255] * w[scales + q / BLOCK];
                } else {
                    v = b[at + q * row];
                }
            }
            next[MOST + i] = v;
        }
    }

    /** Rows by hand, columns by a short loop: every index of a sum is constant once that is unrolled. */
    private void addEight(int x, int y) {
        for (int q = 0; q < STRIP; q++) {
            int at = q * LEFT + y * 8;
            float a0 = left[at];
            float a1 = left[at + 1];
            float a2 = left[at + 2];
            float a3 = left[at + 3];
            float a4 = left[at + 4];
            float a5 = left[at + 5];
            float a6 = left[at + 6];
            float a7 = left[at + 7];
            for (int s = 0; s < MOST; s++) {
                float v = right[q * SIDE + s * GROUP + x];
                sum[s] += a0 * v;
                sum[MOST + s] += a1 * v;
                sum[2 * MOST + s] += a2 * v;
                sum[3 * MOST + s] += a3 * v;
                sum[4 * MOST + s] += a4 * v;
                sum[5 * MOST + s] += a5 * v;
                sum[6 * MOST + s] += a6 * v;
                sum[7 * MOST + s] += a7 * v;
            }
        }
    }

    private void addFour(int x, int y) {
        for (int q = 0; q < STRIP; q++) {
            int at = q * LEFT + y * 4;
            float a0 = left[at];
            float a1 = left[at + 1];
            float a2 = left[at + 2];
            float a3 = left[at + 3];
            for (int s = 0; s < MOST; s++) {
                float v = right[q * SIDE + s * GROUP + x];
                sum[s] += a0 * v;
                sum[MOST + s] += a1 * v;
                sum[2 * MOST + s] += a2 * v;
                sum[3 * MOST + s] += a3 * v;
            }
        }
    }

    private void addTwo(int x, int y) {
        for (int q = 0; q < STRIP; q++) {
            float a0 = left[q * LEFT + y * 2];
            float a1 = left[q * LEFT + y * 2 + 1];
            for (int s = 0; s < MOST; s++) {
                float v = right[q * SIDE + s * GROUP + x];
                sum[s] += a0 * v;
                sum[MOST + s] += a1 * v;
            }
        }
    }

    /**
     * The first row of sums, then all move up by a row: an index with the number of the row would need a loop over rows
     * to be unrolled, which compilers do not do to one of this length; the sums would then be in memory.
     */
    private void store(int t, int x, int y) {
        for (int r = 0; r < each; r++) {
            int row = y * each + r;
            if (row < tiles[t + ROWS]) {
                int at = resultStart(t, row) + getGroupId(0) * SIDE + x;
                for (int s = 0; s < MOST; s++) {
                    if (getGroupId(0) * SIDE + s * GROUP + x < columns()) {
                        put(at + s * GROUP, sum[s]);
                    }
                }
            }
            for (int s = 0; s < MOST; s++) {
                sum[s] = sum[MOST + s];
                sum[MOST + s] = sum[2 * MOST + s];
                sum[2 * MOST + s] = sum[3 * MOST + s];
                sum[3 * MOST + s] = sum[4 * MOST + s];
                sum[4 * MOST + s] = sum[5 * MOST + s];
                sum[5 * MOST + s] = sum[6 * MOST + s];
                sum[6 * MOST + s] = sum[7 * MOST + s];
            }
        }
    }
}
