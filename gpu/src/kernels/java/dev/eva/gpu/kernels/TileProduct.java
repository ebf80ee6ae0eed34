package dev.eva.gpu.kernels;

/**
 * Products for devices whose registers are a CPU's: a work item computes 4 rows of 16 columns, which the compiler of
 * the device turns into vectors. Local memory would be a copy in the cache, and no gain.
 *
 * <p>Item (tile, panel); an entry has up to 4 rows.
 */
public final class TileProduct extends Product {
    /** Rows of a tile. */
    public static final int ROWS = 4;

    /** Sums, in registers: every index into it is constant once loops are unrolled. */
    @PrivateMemorySpace(ROWS * PANEL)
    private float[] sum = new float[ROWS * PANEL];

    @Override
    public void run() {
        if (mode >= COPY_FLOATS) {
            copy();
        } else if (getGlobalId(0) < tileCount) {
            int t = getGlobalId(0) * ENTRY;
            int panel = getGlobalId(1);
            int columns = min(PANEL, n - panel * PANEL);
            for (int i = 0; i < ROWS * PANEL; i++) {
                sum[i] = 0f;
            }
            if (mode == PANELS) {
                panels(t, panel);
            } else if (mode == CODES) {
                codes(t, panel);
            } else if (columns == PANEL) {
                raw(t, panel);
            } else {
                rawEdge(t, panel, columns - 1);
            }
            store(t, panel, columns);
        }
    }

    private void panels(int t, int panel) {
        int k = tiles[t + 4];
        int last = tiles[t + 3] - 1;
        int at = tiles[t];
        int bt = tiles[t + 1] + panel * k * PANEL;
        for (int p = 0; p < k; p++) {
            for (int r = 0; r < ROWS; r++) {
                float x = a[at + min(r, last) * aRow];
                for (int q = 0; q < PANEL; q++) {
                    sum[r * PANEL + q] += x * w[bt + q];
                }
            }
            at += aCol;
            bt += PANEL;
        }
    }

    private void codes(int t, int panel) {
        int k = tiles[t + 4];
        int last = tiles[t + 3] - 1;
        int at = tiles[t];
        int bt = tiles[t + 1] + panel * k * PANEL;
        int scales = tiles[t + 5] + panel * ((k + BLOCK - 1) / BLOCK);
        for (int p = 0; p < k; p++) {
            float scale = w[scales + p / BLOCK];
            for (int q = 0; q < PANEL; q++) {
                float v = table[codes[bt + q] & 255] * scale;
                for (int r = 0; r < ROWS; r++) {
                    sum[r * PANEL + q] += a[at + min(r, last) * aRow] * v;
                }
            }
            at += aCol;
            bt += PANEL;
        }
    }

    private void raw(int t, int panel) {
        int k = tiles[t + 4];
        int last = tiles[t + 3] - 1;
        int at = tiles[t];
        int bt = tiles[t + 1] + panel * PANEL;
        for (int p = 0; p < k; p++) {
            for (int r = 0; r < ROWS; r++) {
                float x = a[at + min(r, last) * aRow];
                for (int q = 0; q < PANEL; q++) {
                    sum[r * PANEL + q] += x * b[bt + q];
                }
            }
            at += aCol;
            bt += bRow;
        }
    }

    private void rawEdge(int t, int panel, int lastColumn) {
        int k = tiles[t + 4];
        int last = tiles[t + 3] - 1;
        int at = tiles[t];
        int bt = tiles[t + 1] + panel * PANEL;
        for (int p = 0; p < k; p++) {
            for (int r = 0; r < ROWS; r++) {
                float x = a[at + min(r, last) * aRow];
                for (int q = 0; q < PANEL; q++) {
                    sum[r * PANEL + q] += x * b[bt + min(q, lastColumn)];
                }
            }
            at += aCol;
            bt += bRow;
        }
    }

    private void store(int t, int panel, int columns) {
        int rows = tiles[t + 3];
        for (int r = 0; r < ROWS; r++) {
            int at = tiles[t + 2] + r * cRow + panel * PANEL;
            for (int q = 0; q < PANEL; q++) {
                if (r < rows && q < columns) {
                    c[at + q] = beta == 0f ? sum[r * PANEL + q] : c[at + q] + sum[r * PANEL + q];
                }
            }
        }
    }
}
