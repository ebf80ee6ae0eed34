package dev.eva.gpu;

import dev.eva.gpu.TileTable.Right;
import dev.eva.gpu.TileTable.Rows;
import dev.eva.gpu.kernels.Product;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.DeviceTimed;
import dev.eva.tensor.kernel.Elementwise;
import dev.eva.tensor.kernel.FrozenMatrix;
import dev.eva.tensor.kernel.Gemm;
import java.lang.System.Logger.Level;
import java.util.stream.IntStream;

/**
 * {@link Gemm} on a device; small products, and what has no room there, go to the host's kernels. The right operand
 * becomes resident when it is used a second time, and is sent again only after it was written.
 *
 * <p>Every element is one chain of additions in ascending order of k, so that its bits depend on neither its neighbours
 * nor the size of work groups. One product at a time: a device has one queue.
 */
final class DeviceGemm implements Gemm, DeviceTimed {
    /** Multiply-adds under which a product is the host's, {@code -Deva.opencl.smallest}: a launch costs as much. */
    private static final long SMALLEST = 1 << 20;

    private final DeviceSession session;
    private final Gemm host;
    private final long smallest = Long.getLong(DeviceChoice.SMALLEST, SMALLEST);
    /** Made with the first product: it may have to be tuned. */
    private DeviceProducts products;

    private boolean saidFull;

    DeviceGemm(DeviceSession session, Gemm host) {
        this.session = session;
        this.host = host;
    }

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public Prepared prepare(
            int groups, int k, int n, float[] b, int bOffset, int groupStride, int bRow, int bCol, Prepared reuse) {
        boolean fits = reuse instanceof Operand && reuse.groups == groups && reuse.k == k && reuse.n == n;
        Operand operand = fits ? (Operand) reuse : new Operand(host, groups, k, n);
        operand.renew(b, bOffset, groupStride, bRow, bCol);
        return operand;
    }

    @Override
    public Prepared prepare(FrozenMatrix... matrices) {
        return Operand.of(host, matrices);
    }

    @Override
    public void multiply(
            int m, float[] a, int aOffset, int aRow, int aCol, Prepared b,
            float[] bias, int biasOffset, float beta, float[] c, int cOffset, int cRow) {
        Operand right = (Operand) b;
        if (!multiply(new int[] {0, m}, a, aOffset, aRow, aCol, right, beta, c, cOffset, cRow)) {
            host.multiply(m, a, aOffset, aRow, aCol, right.host(), bias, biasOffset, beta, c, cOffset, cRow);
            return;
        }
        for (int i = 0; bias != null && i < m; i++) {
            Elementwise.REFERENCE.addTo(b.n, bias, biasOffset, c, cOffset + i * cRow);
        }
    }

    @Override
    public void multiplyGrouped(
            int[] starts, float[] a, int aOffset, int aRow, int aCol, Prepared b,
            float beta, float[] c, int cOffset, int cRow) {
        Operand right = (Operand) b;
        if (!multiply(starts, a, aOffset, aRow, aCol, right, beta, c, cOffset, cRow)) {
            host.multiplyGrouped(starts, a, aOffset, aRow, aCol, right.host(), beta, c, cOffset, cRow);
        }
    }

    /** Whether the device did it. */
    private boolean multiply(
            int[] starts, float[] a, int aOffset, int aRow, int aCol, Operand b,
            float beta, float[] c, int cOffset, int cRow) {
        int rows = starts[b.groups] - starts[0];
        if (isSmall(rows, b.n, b.k)) {
            return false;
        }
        Frozen rounding = b.rounding();
        if (rounding == null) {
            return onDevice(starts, a, aOffset, aRow, aCol, b, beta, c, cOffset, cRow);
        }
        int first = starts[0] * aRow;
        Tensor x = rounding.rounded(rows, a, aOffset + first, aRow, aCol);
        boolean done = onDevice(
                starts, x.array(), x.offset() - starts[0] * b.k, b.k, 1, b, beta, c, cOffset, cRow);
        Workspace.releaseUnheld(x);
        return done;
    }

    private synchronized boolean onDevice(
            int[] starts, float[] a, int aOffset, int aRow, int aCol, Operand b,
            float beta, float[] c, int cOffset, int cRow) {
        DeviceProducts device = products();
        int mode = device.hasRoomFor(a, c, b.array()) ? b.ready(device) : -1;
        if (mode < 0) {
            sayFull();
            return false;
        }
        TileTable tiles = device.table(b.n, starts);
        addGroups(tiles, starts, Rows.at(aOffset, aRow), b, mode, Rows.at(cOffset, cRow));
        float[] raw = mode == Product.RAW ? b.array() : null;
        device.multiply(mode, b.n, tiles, beta,
                new DeviceProducts.Matrices(a, aRow, aCol, raw, b.row(), c, cRow), b.table());
        return true;
    }

    /** The tiles of a product a group, rows {@code [starts[g], starts[g + 1])} of A and C. */
    static void addGroups(TileTable tiles, int[] starts, Rows a, Operand b, int form, Rows c) {
        for (int g = 0; g < b.groups; g++) {
            Right right = new Right(b.start(g, form), b.scales(g, form), b.k);
            tiles.add(starts[g + 1] - starts[g], a.from(starts[g]), right, c.from(starts[g]));
        }
    }

    @Override
    public void gram(int m, int n, float[] z, int zOffset, int zRow, float[] c, int cOffset) {
        if (isSmall(m, n, n)) {
            host.gram(m, n, z, zOffset, zRow, c, cOffset);
        } else {
            Gemm.super.gram(m, n, z, zOffset, zRow, c, cOffset);
        }
    }

    @Override
    public void multiplyGroupedTransposed(
            int groups, int m, int n, int[] starts, float[] a, int aOffset, int aRow,
            float[] b, int bOffset, int bRow, float beta, float[] c, int cOffset) {
        boolean small = isSmall(starts[groups] - starts[0], m, n);
        if (small || !products().hasRoomFor(a, b, c)) {
            if (!small) {
                sayFull();
            }
            host.multiplyGroupedTransposed(
                    groups, m, n, starts, a, aOffset, aRow, b, bOffset, bRow, beta, c, cOffset);
            return;
        }
        synchronized (this) {
            DeviceProducts device = products();
            int[] outputs = IntStream.rangeClosed(0, groups).map(g -> g * m).toArray();
            TileTable tiles = device.table(n, outputs);
            for (int g = 0; g < groups; g++) {
                int rows = starts[g + 1] - starts[g];
                tiles.add(m, Rows.at(aOffset + starts[g] * aRow, 1),
                        new Right(bOffset + starts[g] * bRow, 0, rows), Rows.at(cOffset + g * m * n, n));
            }
            device.multiply(Product.RAW, n, tiles, beta, new DeviceProducts.Matrices(a, 1, aRow, b, bRow, c, n), null);
        }
    }

    // spotless:on

    @Override
    public synchronized double transferSeconds() {
        return products().transferSeconds();
    }

    @Override
    public synchronized void stopTiming() {
        products().stopTiming();
    }

    boolean isSmall(int rows, int n, int k) {
        return rows == 0 || n == 0 || k == 0 || (long) rows * n * k < smallest;
    }

    DeviceSession session() {
        return session;
    }

    synchronized DeviceProducts products() {
        if (products == null) {
            products = new DeviceProducts(session, Tuning.of(session));
        }
        return products;
    }

    void sayFull() {
        if (!saidFull) {
            saidFull = true;
            System.getLogger(DeviceGemm.class.getPackageName())
                    .log(
                            Level.WARNING,
                            "opencl: not all fits on " + session.device().describe()
                                    + "; products with what does not stay on the CPU");
        }
    }
}
