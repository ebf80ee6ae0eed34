package dev.eva.gpu.kernels;

/** {@link Quantize} for CPUs: item (tile of 128 columns, row), whose loops become vectors. */
public final class TileQuantize extends Quantize {
    private static final int LANES = 16;

    @PrivateMemorySpace(LANES)
    private float[] lane = new float[LANES];

    @Override
    public void run() {
        int tile = getGlobalId(0);
        int row = getGlobalId(1);
        int tiles = getGlobalSize(0);
        if (row < rows) {
            if (getPassId() == 0) {
                most[row * tiles + tile] = amax(row, tile);
            }
            if (blocks == 0) {
                float s = scale(most[row * tiles + tile]);
                scales[row * tiles + tile] = s;
                encode(row, tile, s);
            } else if (getPassId() == 1) {
                float s = scale(blockAmax(row, tile, tiles));
                if (row % BLOCK == 0) {
                    scales[row / BLOCK * tiles + tile] = s;
                }
                encode(row, tile, s);
            }
        }
    }

    /** Largest absolute value of a row of a tile; NaN if there is one. */
    private float amax(int row, int tile) {
        int from = row * cols + tile * BLOCK;
        int to = min(from + BLOCK, (row + 1) * cols);
        for (int q = 0; q < LANES; q++) {
            lane[q] = 0f;
        }
        int i = from;
        for (int end = to - LANES; i <= end; i += LANES) {
            for (int q = 0; q < LANES; q++) {
                lane[q] = more(lane[q], abs(x[xAt + i + q]));
            }
        }
        float m = 0f;
        for (int q = 0; q < LANES; q++) {
            m = more(m, lane[q]);
        }
        for (int rest = i; rest < to; rest++) {
            m = more(m, abs(x[xAt + rest]));
        }
        return m;
    }

    private float blockAmax(int row, int tile, int tiles) {
        int from = row / BLOCK * BLOCK;
        int to = min(rows, from + BLOCK);
        float m = 0f;
        for (int i = from; i < to; i++) {
            m = more(m, most[i * tiles + tile]);
        }
        return m;
    }

    private void encode(int row, int tile, float scale) {
        int from = row * cols + tile * BLOCK;
        int to = min(from + BLOCK, (row + 1) * cols);
        for (int i = from; i < to; i++) {
            codes[i] = (byte) code(x[xAt + i], scale);
        }
    }
}
