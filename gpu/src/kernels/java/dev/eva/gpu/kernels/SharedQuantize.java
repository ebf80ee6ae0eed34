package dev.eva.gpu.kernels;

/**
 * {@link Quantize} for GPUs: a group of 32 x 4 items has a tile of four rows, 32 items a row, so that neighbours read
 * and write neighbours, and they find the largest value through local memory.
 */
public final class SharedQuantize extends Quantize {
    /** Items that share a row of a tile. */
    public static final int LANES = 32;
    /** Rows of a group. */
    public static final int ROWS = 4;

    @Local
    private float[] part = new float[LANES * ROWS];

    @Override
    public void run() {
        int lane = getLocalId(0);
        int tile = getGroupId(0);
        int tiles = getGlobalSize(0) / LANES;
        int row = getGlobalId(1);
        int from = row * cols + tile * BLOCK;
        int to = min(from + BLOCK, (row + 1) * cols);
        float m = 0f;
        if (row < rows) {
            if (getPassId() == 0) {
                for (int i = from + lane; i < to; i += LANES) {
                    m = more(m, abs(x[xAt + i]));
                }
            } else {
                int first = row / BLOCK * BLOCK;
                int end = min(rows, first + BLOCK);
                for (int i = first + lane; i < end; i += LANES) {
                    m = more(m, most[i * tiles + tile]);
                }
            }
        }
        int mine = getLocalId(1) * LANES;
        part[mine + lane] = m;
        localBarrier();
        for (int q = 0; q < LANES; q++) {
            m = more(m, part[mine + q]);
        }
        if (row < rows) {
            if (blocks == 1 && getPassId() == 0) {
                if (lane == 0) {
                    most[row * tiles + tile] = m;
                }
            } else {
                float s = scale(m);
                if (lane == 0 && (blocks == 0 || row % BLOCK == 0)) {
                    scales[(blocks == 0 ? row : row / BLOCK) * tiles + tile] = s;
                }
                for (int i = from + lane; i < to; i += LANES) {
                    codes[i] = (byte) code(x[xAt + i], s);
                }
            }
        }
    }
}
