package dev.eva.gpu.kernels;

import com.aparapi.Kernel;

/**
 * Float32 to FP8 with a scale for each tile: {@code scale = max(amax, 1e-4) / largest}, rounded up to a power of two
 * if asked for, {@code code = nearest(x / scale)}, ties to even, saturating.
 *
 * <p>The codes are the host's to the bit. OpenCL's float32 division may be off in the last place; a quotient of two
 * floats in float64, rounded to float32, never is. Codes are found by arithmetic, for a translation of bytecode has no
 * casts between bits of floats and integers.
 *
 * <p>Item (tile of 128 columns, row). Tiles of 1 x 128: one pass. Blocks of 128 x 128: the largest value of each row of
 * a block, then the codes.
 */
public final class Quantize extends Kernel {
    private static final int BLOCK = 128;
    private static final float MIN_AMAX = 1e-4f;
    private static final float MAX_FLOAT = 3.4028235e38f;
    /** Less than any scale. */
    private static final float SMALL = 9.313226e-10f;

    public float[] x = new float[1];
    public int xAt;
    public int rows;
    public int cols;
    public byte[] codes = new byte[1];
    public float[] scales = new float[1];
    /** Largest value of a row of a tile, (rows, tiles). */
    public float[] most = new float[1];

    /** 1 if 128 rows share a scale. No boolean: Aparapi's native code looks for one as a byte and ends the process. */
    public int blocks;
    /** 1 if scales are powers of two. */
    public int powers;
    /** The format: bits of the mantissa, bias of the exponent, largest value. */
    public int mantissa;

    public int bias;
    public float largest;

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
        float m = 0f;
        for (int i = from; i < to; i++) {
            float v = abs(x[xAt + i]);
            if (v > m || v != v) {
                m = v;
            }
        }
        return m;
    }

    private float blockAmax(int row, int tile, int tiles) {
        int from = row / BLOCK * BLOCK;
        int to = min(rows, from + BLOCK);
        float m = 0f;
        for (int i = from; i < to; i++) {
            float v = most[i * tiles + tile];
            if (v > m || v != v) {
                m = v;
            }
        }
        return m;
    }

    private float scale(float amax) {
        float m = amax < MIN_AMAX ? MIN_AMAX : amax;
        float s = (float) ((double) m / (double) largest);
        float p = s;
        if (powers == 1) {
            // Infinity and NaN less themselves are NaN.
            p = s - s;
            if (s <= MAX_FLOAT) {
                p = SMALL;
                while (p < s) {
                    p = p * 2f;
                }
            }
        }
        return p;
    }

    private void encode(int row, int tile, float scale) {
        int from = row * cols + tile * BLOCK;
        int to = min(from + BLOCK, (row + 1) * cols);
        for (int i = from; i < to; i++) {
            codes[i] = (byte) code(x[xAt + i], scale);
        }
    }

    private int code(float value, float scale) {
        float v = (float) ((double) value / (double) scale);
        int sign = 0;
        if (value < 0f || (value == 0f && 1f / value < 0f)) {
            sign = 128;
        }
        int code = 127;
        if (v == v) {
            float a = min(abs(v), largest);
            // The exponent field, from 1 on, where subnormals are counted in the same steps as the smallest normals.
            int field = 1;
            float step = 1f;
            for (int e = 1; e < bias + mantissa; e++) {
                step = step * 0.5f;
            }
            float next = step * (2 << mantissa);
            while (a >= next) {
                next = next * 2f;
                step = step * 2f;
                field++;
            }
            code = ((field - 1) << mantissa) + (int) rint(a / step);
        }
        return sign | code;
    }
}
