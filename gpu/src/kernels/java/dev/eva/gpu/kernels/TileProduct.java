package dev.eva.gpu.kernels;

/**
 * Products for devices whose registers are a CPU's: a work item computes 4 rows of 16 columns, which the compiler of
 * the device turns into vectors. Local memory would be a copy in the cache, and no gain.
 *
 * <p>Item (tile, panel); an entry has up to 4 rows.
 */
public final class TileProduct extends Product {
    /** Rows of a tile. */
    public static final int HEIGHT = 4;

    /** Sums, in registers: every index into it is constant once loops are unrolled. */
    @PrivateMemorySpace(HEIGHT * PANEL)
    private float[] sum = new float[HEIGHT * PANEL];

    /** Widened codes of a block along k, where tiles of rows take them in turn. */
    @PrivateMemorySpace(BLOCK * PANEL)
    private float[] strip = new float[BLOCK * PANEL];

    @Override
    public void run() {
        if (mode == COPY_FLOATS || mode == COPY_CODES) {
            copy();
        } else if (mode == NETWORKS) {
            network(getPassId(), firstTile() + getGlobalId(0), getGlobalId(1));
        } else if (tilesAnItem > 0) {
            int first = getGlobalId(0) * tilesAnItem;
            strips(first, min(tileCount, first + tilesAnItem), getGlobalId(1));
        } else if (getGlobalId(0) < tileCount) {
            int t = getGlobalId(0) * ENTRY;
            int panel = getGlobalId(1);
            int columns = min(PANEL, n - panel * PANEL);
            for (int i = 0; i < HEIGHT * PANEL; i++) {
                sum[i] = 0f;
            }
            if (form == PANELS) {
                panels(t, panel);
            } else if (form == CODES) {
                codes(t, panel);
            } else if (columns == PANEL) {
                raw(t, panel);
            } else {
                rawEdge(t, panel, columns - 1);
            }
            store(t, panel, columns);
        }
    }

    private void network(int pass, int tile, int panel) {
        if (pass == GATE || pass == COMBINE) {
            betweenProducts();
        } else if (tile < endTile() && panel * PANEL < columns()) {
            networkTile(tile * ENTRY, panel);
        }
    }

    /** Slower than the loops of one product, for operands and results are elsewhere in every pass. */
    private void networkTile(int t, int panel) {
        int k = tiles[t + K];
        int rows = tiles[t + ROWS];
        int bt = tiles[t + B] + panel * k * PANEL;
        int scales = tiles[t + SCALES] + panel * ((k + BLOCK - 1) / BLOCK);
        for (int i = 0; i < HEIGHT * PANEL; i++) {
            sum[i] = 0f;
        }
        for (int p = 0; p < k; p++) {
            for (int q = 0; q < PANEL; q++) {
                float v = 0f;
                if (stored() == PANELS) {
                    v = w[bt + q];
                } else {
                    v = table[codes[bt + q] & 255] * w[scales + p / BLOCK];
                }
                for (int r = 0; r < HEIGHT; r++) {
                    sum[r * PANEL + q] += fromA(rowStart(t, min(r, rows - 1)) + p) * v;
                }
            }
            bt += PANEL;
        }
        for (int r = 0; r < rows; r++) {
            int at = resultStart(t, r) + panel * PANEL;
            for (int q = 0; q < PANEL; q++) {
                if (panel * PANEL + q < columns()) {
                    put(at + q, sum[r * PANEL + q]);
                }
            }
        }
    }

    private void panels(int t, int panel) {
        int k = tiles[t + K];
        int last = tiles[t + ROWS] - 1;
        int at = tiles[t + A];
        int bt = tiles[t + B] + panel * k * PANEL;
        for (int p = 0; p < k; p++) {
            for (int r = 0; r < HEIGHT; r++) {
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
        int k = tiles[t + K];
        int last = tiles[t + ROWS] - 1;
        int at = tiles[t + A];
        int bt = tiles[t + B] + panel * k * PANEL;
        int scales = tiles[t + SCALES] + panel * ((k + BLOCK - 1) / BLOCK);
        for (int p = 0; p < k; p++) {
            float scale = w[scales + p / BLOCK];
            for (int q = 0; q < PANEL; q++) {
                float v = table[codes[bt + q] & 255] * scale;
                for (int r = 0; r < HEIGHT; r++) {
                    sum[r * PANEL + q] += a[at + min(r, last) * aRow] * v;
                }
            }
            at += aCol;
            bt += PANEL;
        }
    }

    /** Tiles of rows after one another, each block of codes widened once for all that have the same right operand. */
    private void strips(int first, int end, int panel) {
        int from = first;
        while (from < end) {
            int t = from * ENTRY;
            int to = from + 1;
            while (to < end && tiles[to * ENTRY + B] == tiles[t + B]) {
                to++;
            }
            int k = tiles[t + K];
            int bt = tiles[t + B] + panel * k * PANEL;
            int scales = tiles[t + SCALES] + panel * ((k + BLOCK - 1) / BLOCK);
            for (int p = 0; p < k; p += BLOCK) {
                int length = min(BLOCK, k - p);
                widen(bt + p * PANEL, length * PANEL, w[scales + p / BLOCK]);
                for (int i = from; i < to; i++) {
                    block(i * ENTRY, panel, p, length);
                }
            }
            from = to;
        }
    }

    private void widen(int bt, int length, float scale) {
        float nan = table[127];
        for (int i = 0; i < length; i++) {
            int code = codes[bt + i];
            float v = 0f;
            if (mantissa == 3) {
                // E4M3 is an integer below 2^19 times 2^-10; looked up, values would come one by one.
                int magnitude = code & 127;
                int field = magnitude >> 3;
                int digits = magnitude & 7;
                int whole = field == 0 ? digits * 2 : (digits + 8) << field;
                float f = whole * 0.0009765625f;
                f = magnitude == 127 ? nan : f;
                v = code < 0 ? -f : f;
            } else {
                v = table[code & 255];
            }
            strip[i] = v * scale;
        }
    }

    /** Goes on with the sums of a tile, which are in C between two blocks. */
    private void block(int t, int panel, int from, int length) {
        int last = tiles[t + ROWS] - 1;
        int columns = min(PANEL, n - panel * PANEL);
        for (int r = 0; r < HEIGHT; r++) {
            int ct = tiles[t + C] + min(r, last) * cRow + panel * PANEL;
            for (int q = 0; q < PANEL; q++) {
                sum[r * PANEL + q] = from == 0 ? 0f : c[ct + min(q, columns - 1)];
            }
        }
        int at = tiles[t + A] + from * aCol;
        for (int p = 0; p < length; p++) {
            for (int r = 0; r < HEIGHT; r++) {
                float x = a[at + min(r, last) * aRow];
                for (int q = 0; q < PANEL; q++) {
                    sum[r * PANEL + q] += x * strip[p * PANEL + q];
                }
            }
            at += aCol;
        }
        store(t, panel, columns);
    }

    private void raw(int t, int panel) {
        int k = tiles[t + K];
        int last = tiles[t + ROWS] - 1;
        int at = tiles[t + A];
        int bt = tiles[t + B] + panel * PANEL;
        for (int p = 0; p < k; p++) {
            for (int r = 0; r < HEIGHT; r++) {
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
        int k = tiles[t + K];
        int last = tiles[t + ROWS] - 1;
        int at = tiles[t + A];
        int bt = tiles[t + B] + panel * PANEL;
        for (int p = 0; p < k; p++) {
            for (int r = 0; r < HEIGHT; r++) {
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
        int rows = tiles[t + ROWS];
        for (int r = 0; r < HEIGHT; r++) {
            int at = tiles[t + C] + r * cRow + panel * PANEL;
            for (int q = 0; q < PANEL; q++) {
                if (r < rows && q < columns) {
                    c[at + q] = beta == 0f ? sum[r * PANEL + q] : c[at + q] + sum[r * PANEL + q];
                }
            }
        }
    }
}
