package dev.eva.gpu;

import dev.eva.gpu.kernels.Product;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;

/**
 * A right operand: made ready for the host, the device or both, each when it is first wanted. A product on the device
 * finds it in one of three places: where it is (an array whose rows are in one piece, used once), or resident, packed,
 * as floats or as FP8 codes.
 */
final class Operand extends Gemm.Prepared {
    /** Elements of a panel's column block that are packed by a task. */
    private static final int GRAIN = 64 * 1024;

    private final Gemm hostGemm;
    /** Null for what is stored elsewhere. */
    private float[] b;

    private int bOffset;
    private int groupStride;
    private int bRow;
    private int bCol;
    /** Null for arrays. */
    private final FrozenMatrix[] stored;

    private Gemm.Prepared host;
    private boolean hostIsFresh;
    /** Where it is resident; -1 if not. */
    private int place = -1;

    private boolean placeIsFresh;
    private boolean hasNoRoom;
    private int uses;
    /** Set where it is resident as codes. */
    private CodePanels codes;

    Operand(Gemm hostGemm, int groups, int k, int n) {
        this(hostGemm, groups, k, n, null);
    }

    private Operand(Gemm hostGemm, int groups, int k, int n, FrozenMatrix[] stored) {
        super(groups, k, n);
        this.hostGemm = hostGemm;
        this.stored = stored;
    }

    static Operand of(Gemm hostGemm, FrozenMatrix... stored) {
        Operand o = new Operand(hostGemm, stored.length, stored[0].cols(), stored[0].rows(), stored);
        // Stored matrices stay: the first use is enough to keep them.
        o.uses = 1;
        o.codes = CodePanels.of(stored);
        o.host = hostGemm.prepare(stored);
        o.hostIsFresh = true;
        return o;
    }

    /** Takes over values that have been written since. */
    void renew(float[] b, int bOffset, int groupStride, int bRow, int bCol) {
        // What is prepared again is a weight, not a passing value.
        uses += this.b == null ? 0 : 1;
        this.b = b;
        this.bOffset = bOffset;
        this.groupStride = groupStride;
        this.bRow = bRow;
        this.bCol = bCol;
        hostIsFresh = false;
        placeIsFresh = false;
    }

    /** As the host's kernels want it. */
    Gemm.Prepared host() {
        if (!hostIsFresh) {
            host = hostGemm.prepare(groups, k, n, b, bOffset, groupStride, bRow, bCol, host);
            hostIsFresh = true;
        }
        return host;
    }

    /** What a product does to A first, or null. */
    Gemm.Frozen rounding() {
        return stored != null && host instanceof Gemm.Frozen f && f.rounds() ? f : null;
    }

    /** Values of the codes, if it consists of codes. */
    float[] table() {
        return codes == null ? null : codes.table();
    }

    /** Makes it ready for a product on the device: a mode of {@link Product}, -1 if there is no room. */
    int ready(DeviceProducts products) {
        boolean passing = uses++ == 0;
        if (passing && bCol == 1) {
            return Product.RAW;
        }
        if (hasNoRoom || !place(products)) {
            hasNoRoom = true;
            return bCol == 1 && stored == null ? Product.RAW : -1;
        }
        return codes == null ? Product.PANELS : Product.CODES;
    }

    private boolean place(DeviceProducts products) {
        if (placeIsFresh) {
            return true;
        }
        placeIsFresh = codes == null ? placeFloats(products) : codes.place(products, this);
        return placeIsFresh;
    }

    private boolean placeFloats(DeviceProducts products) {
        long length = (long) groups * panels() * k * Product.PANEL;
        place = place >= 0 ? place : products.takeFloats(length, this);
        if (place < 0) {
            return false;
        }
        float[] out = products.floats();
        int panels = panels();
        int each = k * Product.PANEL;
        Parallel.range(groups * panels, Math.max(1, GRAIN / Math.max(1, each)), (from, to) -> {
            for (int i = from; i < to; i++) {
                pack(i / panels, i % panels * Product.PANEL, out, place + i * each);
            }
        });
        products.uploadFloats(place, (int) length);
        return true;
    }

    /** {@code out[p * 16 + q] = B_g(p, j + q)}, zeros beyond n. */
    private void pack(int g, int j, float[] out, int at) {
        int columns = Math.min(Product.PANEL, n - j);
        float[] row = stored == null ? null : new float[k];
        for (int q = 0; q < Product.PANEL; q++) {
            if (q < columns && row != null) {
                stored[g].widen(j + q, 0, k, row, 0);
            }
            float[] from = row == null ? b : row;
            int step = row == null ? bRow : 1;
            int first = row == null ? bOffset + g * groupStride + (j + q) * bCol : 0;
            for (int p = 0; p < k; p++) {
                out[at + p * Product.PANEL + q] = q < columns ? from[first + p * step] : 0f;
            }
        }
    }

    private int panels() {
        return Math.ceilDiv(n, Product.PANEL);
    }

    private int groupLength() {
        return panels() * k * Product.PANEL;
    }

    /** Start of a group in what {@link #ready} said. */
    int start(int group, int mode) {
        return switch (mode) {
            case Product.RAW -> bOffset + group * groupStride;
            case Product.PANELS -> place + group * groupLength();
            default -> codes.start() + group * groupLength();
        };
    }

    /** Start of the scales of a group of codes. */
    int scales(int group, int mode) {
        return mode == Product.CODES ? codes.scales() + group * panels() * Math.ceilDiv(k, Product.BLOCK) : 0;
    }

    /** The array of {@link Product#RAW}. */
    float[] array() {
        return b;
    }

    int row() {
        return bRow;
    }
}
