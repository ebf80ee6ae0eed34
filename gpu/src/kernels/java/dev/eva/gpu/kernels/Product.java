package dev.eva.gpu.kernels;

import com.aparapi.Kernel;

/**
 * What the kernels of matrix products share: {@code C_t = beta C_t + A_t B_t} for many tiles t of rows, which may
 * belong to different matrices.
 *
 * <p>Every kernel object has an OpenCL context of its own, so products, the copies that make weights resident, and the
 * memory they share are one class with a mode. Java 8, for Aparapi's translation: no lambdas, no strings.
 *
 * <p>Each element of C is one chain of additions in ascending order of k, whatever the tiles and groups.
 */
public abstract class Product extends Kernel {
    /** Columns of a panel of B: {@code w[panel * k * 16 + p * 16 + column]}, zeros beyond n. */
    public static final int PANEL = 16;
    /** Integers of a tile's entry: start in A, in B, in C, rows, k, start of scales. */
    public static final int ENTRY = 6;
    /** Elements along k that share a scale. */
    public static final int BLOCK = 128;

    /** B is {@code b[start + p * bRow + j]}. */
    public static final int RAW = 0;
    /** B is packed in {@code w}. */
    public static final int PANELS = 1;
    /** B is packed in {@code codes}: {@code table[code] * w[scales + panel * blocks of k + block]}. */
    public static final int CODES = 2;
    /** No product: {@code w[target + i] = staged[i]}. */
    public static final int COPY_FLOATS = 3;
    /** No product: {@code codes[target + i] = stagedCodes[i]}. */
    public static final int COPY_CODES = 4;

    /** What to do. */
    public int mode;
    /** Entries of tiles, {@link #ENTRY} each. */
    public int[] tiles = new int[ENTRY];

    public int tileCount;
    public int n;
    public int aRow;
    public int aCol;
    public int bRow;
    public int cRow;
    /** 0 or 1. */
    public float beta;

    public float[] a = new float[1];
    public float[] b = new float[1];
    public float[] c = new float[1];
    /** Resident: panels, and scales of codes. */
    public float[] w = new float[1];
    /** Resident: panels of FP8 codes. */
    public byte[] codes = new byte[1];
    /** The values of the 256 codes. */
    public float[] table = new float[256];

    /** Bits of the mantissa of the codes. */
    public int mantissa;
    /** Tiles of rows that take widened codes from an item's own memory; 0 for devices that have no cache to keep it. */
    public int tilesAnItem;

    public float[] staged = new float[1];
    public byte[] stagedCodes = new byte[1];
    public int target;
    public int count;

    /** Copies what is staged, every work item a share. */
    protected void copy() {
        int step = getGlobalSize(0);
        for (int i = getGlobalId(0); i < count; i += step) {
            if (mode == COPY_FLOATS) {
                w[target + i] = staged[i];
            } else {
                codes[target + i] = stagedCodes[i];
            }
        }
    }
}
