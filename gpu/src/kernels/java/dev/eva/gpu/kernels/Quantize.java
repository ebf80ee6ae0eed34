package dev.eva.gpu.kernels;

import com.aparapi.Kernel;

/**
 * Float32 to FP8 with a scale for each tile: {@code scale = max(amax, 1e-4) / largest}, rounded up to a power of two
 * if asked for, {@code code = nearest(x / scale)}, ties to even, saturating.
 *
 * <p>The codes are the host's to the bit. OpenCL's float32 division may be off in the last place; a quotient of two
 * floats in float64, rounded to float32, never is. Codes are found by arithmetic, for a translation of bytecode has no
 * casts between bits of floats and integers, and without branches, for vectors.
 *
 * <p>Tiles of 1 x 128: one pass. Blocks of 128 x 128: the largest value of each row of a block, then the codes.
 */
public abstract class Quantize extends Kernel {
    /** Columns of a tile, and rows of a block. */
    protected static final int BLOCK = 128;

    private static final float MIN_AMAX = 1e-4f;
    private static final float MAX_FLOAT = 3.4028235e38f;
    /** Less than any scale. */
    private static final float SMALL = 9.313226e-10f;
    /** 1.5 * 2^23: a small number added to it is rounded to an integer, ties to even. */
    private static final float ROUNDER = 12582912f;

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
    /** The format: 1 / its smallest normal value, 2 to the bits of its mantissa, the largest value. */
    public float normal;

    public int steps;
    public float largest;

    /** The larger of two, NaN if one is. */
    protected float more(float m, float v) {
        return v > m || v != v ? v : m;
    }

    protected float scale(float amax) {
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

    protected int code(float value, float scale) {
        float v = (float) ((double) value / (double) scale);
        // In units of the smallest normal value; halved until it is below 2, which gives the exponent's field.
        float y = min(abs(v), largest) * normal;
        int field = y >= 65536f ? 16 : 0;
        y = y >= 65536f ? y * 1.52587890625e-5f : y;
        field = y >= 256f ? field + 8 : field;
        y = y >= 256f ? y * 0.00390625f : y;
        field = y >= 16f ? field + 4 : field;
        y = y >= 16f ? y * 0.0625f : y;
        field = y >= 4f ? field + 2 : field;
        y = y >= 4f ? y * 0.25f : y;
        field = y >= 2f ? field + 1 : field;
        y = y >= 2f ? y * 0.5f : y;
        float digits = y * steps + ROUNDER;
        digits = digits - ROUNDER;
        int code = v == v ? field * steps + (int) digits : 127;
        int sign = value < 0f || (value == 0f && 1f / value < 0f) ? 128 : 0;
        return sign | code;
    }
}
