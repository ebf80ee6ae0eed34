package dev.eva.gpu;

import com.aparapi.Range;
import dev.eva.gpu.kernels.LocalProduct;
import dev.eva.gpu.kernels.Product;
import dev.eva.gpu.kernels.TileProduct;
import dev.eva.tensor.kernel.FeedForwardKernel.Slots;
import java.lang.ref.Cleaner;
import java.util.Arrays;

/**
 * The kernel of products of a device, with the memory that is resident there. The resident values have a copy on the
 * heap, because Aparapi makes a new buffer from it when the collector has moved the array.
 */
final class DeviceProducts {
    /** Where the left operand, the result and the right operand are; b is null where it is resident. */
    record Matrices(float[] a, int aRow, int aCol, float[] b, int bRow, float[] c, int cRow) {}

    /**
     * Sizes of networks, how their weights are stored, and where tokens and results are.
     *
     * @param upTiles tiles of the first product
     * @param f hidden width
     * @param d model dimension
     * @param gateUp what receives gates and ups, or null
     */
    record Networks(
            int upTiles,
            int upForm,
            int downForm,
            int f,
            int d,
            float[] x,
            int xAt,
            float[] gateUp,
            int gateUpAt,
            float[] y,
            int yAt) {}

    private static final Cleaner CLEANER = Cleaner.create();
    private static final float[] NONE = new float[1];
    /** Work items of a copy on a CPU. */
    private static final int COPY_ITEMS = 256;
    /** Groups of a copy on other devices, a unit: enough to hide the way to the memory. */
    private static final int COPY_GROUPS = 8;
    /** Rows of an item of {@link LocalProduct}. */
    private static final int[] EACH = {8, 4, 2};
    /** Tiles of rows for which codes are widened once: more would leave cores without work. */
    private static final int TILES_AN_ITEM = 16;

    private final DeviceSession session;
    private final Tuning.Tile tile;
    private final Product kernel;
    private final Places floats;
    private final Places bytes;
    /** Gates and ups that nobody wants to see. */
    private float[] hidden = NONE;

    private boolean timed;
    private long transferNanos;

    DeviceProducts(DeviceSession session, Tuning.Tile tile) {
        this.session = session;
        this.tile = tile;
        this.kernel = tile.local() ? new LocalProduct() : new TileProduct();
        // A quarter of the heap, which holds the copies, and what the device gives in one piece.
        long most =
                Math.min(session.device().largestBytes(), Runtime.getRuntime().maxMemory() / 4);
        this.floats = new Places((int) Math.min(most / Float.BYTES, Integer.MAX_VALUE - 8));
        this.bytes = new Places((int) Math.min(most, Integer.MAX_VALUE - 8));
    }

    /**
     * A table for products with so many columns, whose entries cover as many rows as is best for these groups of rows:
     * group g has the rows {@code [starts[g], starts[g + 1])}.
     */
    TileTable table(int n, int... starts) {
        return new TileTable(!tile.local() ? TileProduct.HEIGHT : tile.chosen() ? rowsFor(n, starts) : tile.width());
    }

    /**
     * The height that ends first: as many turns of the device's units as the groups of work items need, each as long as
     * an item reads local memory, its rows of A and eight values of B for each step.
     */
    private int rowsFor(int n, int... starts) {
        int best = 0;
        long least = Long.MAX_VALUE;
        for (int each : EACH) {
            int rows = each * LocalProduct.GROUP;
            long bands = 0;
            for (int g = 0; g + 1 < starts.length; g++) {
                bands += Math.ceilDiv(starts[g + 1] - starts[g], rows);
            }
            long turns = Math.ceilDiv(bands * Math.ceilDiv(n, LocalProduct.SIDE), session.device().computeUnits());
            long reads = turns * (each + LocalProduct.SIDE / LocalProduct.GROUP);
            if (rows <= tile.width() && reads < least) {
                least = reads;
                best = rows;
            }
        }
        return best;
    }

    /** Whether work groups copy strips to local memory: a GPU's kernel. */
    boolean usesLocalMemory() {
        return tile.local();
    }

    /** Whether the device takes these arrays, each in one piece, beside what is resident; null takes nothing. */
    boolean hasRoomFor(float[]... arrays) {
        long sum = 0;
        for (float[] array : arrays) {
            long length = array == null ? 0 : (long) Float.BYTES * array.length;
            if (length > session.device().largestBytes()) {
                return false;
            }
            sum += length;
        }
        return sum <= freeBytes();
    }

    /** Whether the device takes so many floats beside what is resident, in one piece if need be. */
    boolean hasRoomFor(long count) {
        return Float.BYTES * count <= Math.min(session.device().largestBytes(), freeBytes());
    }

    private long freeBytes() {
        return session.device().memoryBytes() - (long) Float.BYTES * floats.end() - bytes.end();
    }

    /** Room for floats, as long as the owner lives; -1 if there is none. */
    int takeFloats(long length, Object owner) {
        int at = take(floats, length, owner);
        if (floats.end() > kernel.w.length) {
            kernel.w = Arrays.copyOf(kernel.w, grown(kernel.w.length, floats.end()));
        }
        return at;
    }

    /** Room for codes, as long as the owner lives; -1 if there is none. */
    int takeCodes(long length, Object owner) {
        int at = take(bytes, length, owner);
        if (bytes.end() > kernel.codes.length) {
            kernel.codes = Arrays.copyOf(kernel.codes, grown(kernel.codes.length, bytes.end()));
        }
        return at;
    }

    private static int take(Places places, long length, Object owner) {
        int at = places.take(length);
        if (at >= 0) {
            CLEANER.register(owner, () -> places.give(at, (int) length));
        }
        return at;
    }

    private static int grown(int length, int need) {
        return (int) Math.min(Integer.MAX_VALUE - 8, Math.max(need, length + (long) length / 2));
    }

    /** The copy of the resident floats on the heap, to be written before {@link #uploadFloats}. */
    float[] floats() {
        return kernel.w;
    }

    /** The copy of the resident codes on the heap. */
    byte[] codes() {
        return kernel.codes;
    }

    /** Brings a part of {@link #floats()} to the device: that part alone. */
    void uploadFloats(int at, int length) {
        kernel.staged = Arrays.copyOfRange(kernel.w, at, at + length);
        copy(Product.COPY_FLOATS, at, length);
        kernel.staged = NONE;
    }

    /** Brings a part of {@link #codes()} to the device. */
    void uploadCodes(int at, int length) {
        kernel.stagedCodes = Arrays.copyOfRange(kernel.codes, at, at + length);
        copy(Product.COPY_CODES, at, length);
        kernel.stagedCodes = new byte[1];
    }

    private void copy(int mode, int at, int length) {
        kernel.mode = mode;
        kernel.target = at;
        kernel.count = length;
        kernel.piece = session.isCpu() ? Math.ceilDiv(length, COPY_ITEMS) : 0;
        long start = System.nanoTime();
        session.run(kernel, copyRange(length), 1);
        transferNanos += System.nanoTime() - start;
    }

    /**
     * Runs a product of every entry of the table and brings C back.
     *
     * @param form how B is stored
     * @param n columns of C
     * @param table values of the codes, where B consists of codes; else null
     */
    void multiply(int form, int n, TileTable tiles, float beta, Matrices x, float[] table) {
        bind(tiles, table);
        kernel.form = form;
        kernel.n = n;
        kernel.perToken = 0;
        kernel.beta = beta;
        bind(x);
        takeThere();
        kernel.mode = Product.PRODUCTS;
        boolean several = form == Product.CODES && beta == 0f && session.isCpu() && !tile.local();
        kernel.tilesAnItem = several ? TILES_AN_ITEM : 0;
        int items = Math.ceilDiv(kernel.tileCount, Math.max(1, kernel.tilesAnItem));
        session.run(kernel, range(items, n), 1);
        fetch(x.c);
    }

    /**
     * Runs feed-forward networks and brings y back, and gates and ups where they are wanted; nothing else.
     *
     * @param tiles those of the first product, then those of the second
     * @param table values of the codes, where weights consist of codes; else null
     */
    void networks(Slots slots, TileTable tiles, float[] table, Networks x) {
        bind(tiles, table);
        kernel.upTiles = x.upTiles;
        kernel.form = x.upForm;
        kernel.downForm = x.downForm;
        kernel.n = 2 * x.f;
        boolean copies = !slots.areTokens();
        kernel.slots = slots.count();
        kernel.f = x.f;
        kernel.d = x.d;
        kernel.perToken = copies ? slots.perToken() : 0;
        kernel.beta = 0f;
        kernel.xAt = x.xAt;
        kernel.cAt = x.yAt;
        kernel.gateUpAt = x.gateUp == null ? 0 : x.gateUpAt;
        kernel.weightsAt = slots.weightsOffset();
        hidden = x.gateUp == null ? atLeast(hidden, kernel.slots * 2 * x.f) : hidden;
        kernel.gateUp = x.gateUp == null ? hidden : sent(kernel.gateUp, x.gateUp);
        kernel.act = atLeast(kernel.act, kernel.slots * x.f);
        if (copies) {
            kernel.results = atLeast(kernel.results, kernel.slots * x.d);
            kernel.tokens = Arrays.stream(slots.pickOfSlot())
                    .map(pick -> pick / slots.perToken())
                    .toArray();
            kernel.slotOfPick = slots.slotOfPick().clone();
            kernel.weights = sent(kernel.weights, slots.weights());
        }
        bind(new Matrices(x.x, x.d, 1, null, 0, x.y, 2 * x.f));
        takeThere();
        kernel.mode = Product.NETWORKS;
        kernel.tilesAnItem = 0;
        int most = Math.max(x.upTiles, kernel.tileCount - x.upTiles);
        session.run(kernel, range(most, Math.max(2 * x.f, x.d)), copies ? Product.COMBINE + 1 : Product.DOWN + 1);
        fetch(x.y);
        if (x.gateUp != null) {
            fetch(x.gateUp);
        }
    }

    private static float[] atLeast(float[] array, int length) {
        return array.length >= length ? array : new float[length];
    }

    private void bind(TileTable tiles, float[] table) {
        kernel.tiles = tiles.entries();
        kernel.tileCount = tiles.count();
        if (kernel instanceof LocalProduct local) {
            local.each = tiles.tileRows() / LocalProduct.GROUP;
        }
        kernel.table = table == null ? kernel.table : table;
        kernel.mantissa = table == null ? 0 : mantissa(table);
    }

    /** Where runs are timed: a copy of nothing takes the arrays there, so that the run itself sends none. */
    private void takeThere() {
        if (timed) {
            copy(Product.COPY_FLOATS, 0, 0);
        }
    }

    private void fetch(float[] array) {
        long start = System.nanoTime();
        session.fetch(kernel, array);
        transferNanos += System.nanoTime() - start;
    }

    /**
     * An array that was the last one's has to be sent again; another is sent because its buffer is new. Aparapi knows
     * arrays by identity and sends or fetches only the first field that holds one, so that no two fields may share one.
     */
    private void bind(Matrices x) {
        kernel.aRow = x.aRow;
        kernel.aCol = x.aCol;
        kernel.bRow = x.bRow;
        kernel.cRow = x.cRow;
        float[] a = x.a == x.c ? x.a.clone() : x.a;
        float[] b = x.b == null ? NONE : x.b == x.c || x.b == x.a ? x.b.clone() : x.b;
        kernel.a = sent(kernel.a, a);
        kernel.b = b == NONE ? NONE : sent(kernel.b, b);
        kernel.c = sent(kernel.c, x.c);
    }

    private float[] sent(float[] last, float[] next) {
        if (last == next) {
            session.send(kernel, next);
        }
        return next;
    }

    /** Codes 0x38 and 0x3C are 1 in E4M3 and in E5M2. */
    private static int mantissa(float[] table) {
        return table[0x38] == 1f ? 3 : 2;
    }

    /** Seconds of transfers since the last call, from the first one on, which has products wait for their arrays. */
    double transferSeconds() {
        double seconds = timed ? transferNanos / 1e9 : 0;
        timed = true;
        transferNanos = 0;
        return seconds;
    }

    void stopTiming() {
        timed = false;
    }

    private Range copyRange(int length) {
        if (session.isCpu()) {
            return session.range(COPY_ITEMS, 1, 1, 1);
        }
        int group = LocalProduct.GROUP;
        int most = COPY_GROUPS * session.device().computeUnits();
        return session.range(Math.clamp(Math.ceilDiv(length, group * group), 1, most) * group, group, group, group);
    }

    /** Gives the device's memory back. */
    void close() {
        kernel.dispose();
    }

    private Range range(int tileCount, int n) {
        if (tile.local()) {
            int side = LocalProduct.GROUP;
            return session.range(Math.ceilDiv(n, LocalProduct.SIDE) * side, tileCount * side, side, side);
        }
        int width = tileCount < tile.width() ? 1 : tile.width();
        return session.range(Math.ceilDiv(tileCount, width) * width, Math.ceilDiv(n, Product.PANEL), width, 1);
    }
}
