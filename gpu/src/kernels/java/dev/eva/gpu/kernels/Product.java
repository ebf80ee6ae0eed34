package dev.eva.gpu.kernels;

import com.aparapi.Kernel;

/**
 * What the kernels of matrix products share: {@code C_t = beta C_t + A_t B_t} for many tiles t of rows, which may
 * belong to different matrices; and feed-forward networks, whose products are passes of one run, so that what is
 * between them stays where it is.
 *
 * <p>Every kernel object has an OpenCL context of its own, so products, the copies that make weights resident, and the
 * memory they share are one class with a mode. Java 8, for Aparapi's translation: no lambdas, no strings.
 *
 * <p>Each element of C is one chain of additions in ascending order of k, whatever the tiles and groups.
 */
public abstract class Product extends Kernel {
    /** Columns of a panel of B: {@code w[panel * k * 16 + p * 16 + column]}, zeros beyond n. */
    public static final int PANEL = 16;
    /** Elements along k that share a scale. */
    public static final int BLOCK = 128;

    /** Integers of a tile's entry. */
    public static final int ENTRY = 6;
    /** Of an entry: where its first row of A starts; where {@link #tokens} is used, the number of that row. */
    public static final int A = 0;
    /** Of an entry: where its matrix B starts. */
    public static final int B = 1;
    /** Of an entry: where its first row of C starts. */
    public static final int C = 2;
    /** Of an entry: its rows. */
    public static final int ROWS = 3;
    /** Of an entry: the contraction length. */
    public static final int K = 4;
    /** Of an entry: where the scales of its codes start. */
    public static final int SCALES = 5;

    /** B is {@code b[start + p * bRow + j]}. */
    public static final int RAW = 0;
    /** B is packed in {@code w}. */
    public static final int PANELS = 1;
    /** B is packed in {@code codes}: {@code table[code] * w[scales + panel * blocks of k + block]}. */
    public static final int CODES = 2;

    /** {@link #mode}: products of all tiles. */
    public static final int PRODUCTS = 0;
    /** {@link #mode}: no product: {@code w[target + i] = staged[i]}. */
    public static final int COPY_FLOATS = 1;
    /** {@link #mode}: no product: {@code codes[target + i] = stagedCodes[i]}. */
    public static final int COPY_CODES = 2;
    /** {@link #mode}: the passes of feed-forward networks. */
    public static final int NETWORKS = 3;

    /** Pass of networks: gates and ups, from {@code a} to {@code gateUp}. The pass of products. */
    public static final int UP = 0;
    /** Pass of networks: {@code act = silu(gates) * ups}. */
    public static final int GATE = 1;
    /** Pass of networks: the second product, from {@code act} to {@code c}, or to {@code results} of slots. */
    public static final int DOWN = 2;
    /** Pass of networks: {@code c_t = sum_j weights_tj results_slot(t, j)}. */
    public static final int COMBINE = 3;

    /** What to do. */
    public int mode;
    /** Entries of tiles, {@link #ENTRY} each. */
    public int[] tiles = new int[ENTRY];

    public int tileCount;
    /** How B is stored: {@link #RAW}, {@link #PANELS} or {@link #CODES}. */
    public int form;
    /** Columns of B and C. */
    public int n;
    /** Of networks: tiles of the first product; the others are those of {@link #DOWN}. */
    public int upTiles;
    /** Of networks: {@link #form} of the second product, never {@link #RAW}; its columns are {@link #d}. */
    public int downForm;

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
    /** Of a copy: elements side by side that an item takes; 0 where neighbours take neighbours. */
    public int piece;

    /** Of networks: slots, copies of tokens. */
    public int slots;
    /** Of networks: their hidden width. */
    public int f;
    /** Of networks: slots of a token; 0 where a slot is a token, and for products. */
    public int perToken;
    /** Of networks: width of tokens and results. */
    public int d;

    /** Of networks: start of the tokens in {@code a}. */
    public int xAt;
    /** Of networks: start of the results in {@code c}. */
    public int cAt;

    /** The token of a slot. */
    public int[] tokens = new int[1];
    /** The slot of a token's j-th network. */
    public int[] slotOfPick = new int[1];
    /** Of a token's networks, from {@link #weightsAt} on. */
    public float[] weights = new float[1];

    public int weightsAt;
    /** (slots, 2f), from {@link #gateUpAt} on. */
    public float[] gateUp = new float[1];

    public int gateUpAt;
    /** (slots, f). */
    public float[] act = new float[1];
    /** (slots, d). */
    public float[] results = new float[1];

    /** Copies what is staged, every work item a share. */
    protected void copy() {
        int item = getGlobalId(1) * getGlobalSize(0) + getGlobalId(0);
        int first = piece > 0 ? item * piece : item;
        int end = piece > 0 ? min(count, first + piece) : count;
        int step = piece > 0 ? 1 : getGlobalSize(0) * getGlobalSize(1);
        for (int i = first; i < end; i += step) {
            if (mode == COPY_FLOATS) {
                w[target + i] = staged[i];
            } else {
                codes[target + i] = stagedCodes[i];
            }
        }
    }

    /** Of a pass of products: the first of its tiles. */
    protected int firstTile() {
        return getPassId() == DOWN ? upTiles : 0;
    }

    /** Of a pass of products: behind the last of its tiles. */
    protected int endTile() {
        return mode == NETWORKS && getPassId() == UP ? upTiles : tileCount;
    }

    /** Of a pass of products: columns of B and C. */
    protected int columns() {
        return getPassId() == DOWN ? d : n;
    }

    /** Of a pass of products: how B is stored. */
    protected int stored() {
        return getPassId() == DOWN ? downForm : form;
    }

    /** Where a row of a tile starts in A. */
    protected int rowStart(int t, int row) {
        int at = tiles[t + A] + row * (getPassId() == DOWN ? f : aRow);
        if (perToken > 0 && getPassId() == UP) {
            at = xAt + tokens[tiles[t + A] + row] * aRow;
        }
        return at;
    }

    /** Where a row of a tile starts in C. */
    protected int resultStart(int t, int row) {
        return tiles[t + C] + row * (getPassId() == DOWN ? d : cRow);
    }

    /** Element of A. */
    protected float fromA(int at) {
        float v = 0f;
        if (getPassId() == DOWN) {
            v = act[at];
        } else {
            v = a[at];
        }
        return v;
    }

    /** An element of a product has been computed. */
    protected void put(int at, float v) {
        if (getPassId() == DOWN && perToken > 0) {
            results[at] = v;
        } else if (mode == NETWORKS && getPassId() == UP) {
            gateUp[at] = v;
        } else {
            c[at] = beta == 0f ? v : c[at] + v;
        }
    }

    /** Passes between and after products, every work item a share. */
    protected void betweenProducts() {
        int step = getGlobalSize(0) * getGlobalSize(1);
        int first = getGlobalId(1) * getGlobalSize(0) + getGlobalId(0);
        if (getPassId() == GATE) {
            for (int i = first; i < slots * f; i += step) {
                int at = gateUpAt + i / f * 2 * f + i % f;
                float g = gateUp[at];
                act[i] = g / (1f + exp(-g)) * gateUp[at + f];
            }
        } else {
            for (int i = first; i < slots / perToken * d; i += step) {
                int pick = i / d * perToken;
                float sum = 0f;
                for (int j = 0; j < perToken; j++) {
                    sum += weights[weightsAt + pick + j] * results[slotOfPick[pick + j] * d + i % d];
                }
                c[cAt + i] = sum;
            }
        }
    }
}
