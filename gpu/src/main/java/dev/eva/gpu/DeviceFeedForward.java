package dev.eva.gpu;

import dev.eva.gpu.TileTable.Rows;
import dev.eva.gpu.kernels.Product;
import dev.eva.tensor.kernel.DeviceTimed;
import dev.eva.tensor.kernel.FeedForwardKernel;
import dev.eva.tensor.kernel.Gemm;
import java.util.Arrays;

/**
 * Feed-forward networks in one run on the device of a {@link DeviceGemm}: tokens and weights of networks go there, a
 * row a token comes back. Copies of tokens, gates and ups, activations and the networks' results stay there.
 *
 * <p>For devices that take tiles in local memory: where the device is the CPU there is nothing to be spared, and SIMD
 * kernels are quicker between products.
 */
final class DeviceFeedForward implements FeedForwardKernel, DeviceTimed {
    private final DeviceGemm gemm;
    /** Whether the kind of tiles decides. */
    private final boolean byTiles;

    DeviceFeedForward(DeviceGemm gemm) {
        this(gemm, true);
    }

    /**
     * @param byTiles false to take all that can be taken
     */
    DeviceFeedForward(DeviceGemm gemm, boolean byTiles) {
        this.gemm = gemm;
        this.byTiles = byTiles;
    }

    /** Makes the weights resident, too. */
    @Override
    public boolean pays(int slots, Gemm.Prepared w13, Gemm.Prepared w2) {
        Operand up = (Operand) w13;
        Operand down = (Operand) w2;
        if (gemm.isSmall(slots, up.n, up.k)
                || up.rounding() != null
                || down.rounding() != null
                || !oneTable(up, down)) {
            return false;
        }
        synchronized (gemm) {
            DeviceProducts device = gemm.products();
            if (byTiles && !device.usesLocalMemory()) {
                return false;
            }
            // Tokens and results, and what is between them, at most.
            long floats = (long) slots * (3L * up.k + up.n + down.k);
            boolean fits = device.hasRoomFor(floats) && resides(up, device) && resides(down, device);
            if (!fits) {
                gemm.sayFull();
            }
            return fits;
        }
    }

    /** Whether the values of codes are the same, where both weights are codes. */
    private static boolean oneTable(Operand up, Operand down) {
        return up.table() == null || down.table() == null || Arrays.equals(up.table(), down.table());
    }

    private static boolean resides(Operand w, DeviceProducts device) {
        return w.ready(device) >= Product.PANELS;
    }

    // spotless:off: one argument a line would triple the length of every call

    @Override
    public void forward(
            Slots slots, float[] x, int xOffset, Gemm.Prepared w13, Gemm.Prepared w2,
            float[] gateUp, int gateUpOffset, float[] y, int yOffset) {
        Operand up = (Operand) w13;
        Operand down = (Operand) w2;
        int f = down.k;
        int d = down.n;
        synchronized (gemm) {
            DeviceProducts device = gemm.products();
            Rows in = slots.areTokens() ? Rows.at(xOffset, d) : new Rows(0, d, true);
            Rows out = Rows.at(slots.areTokens() ? yOffset : 0, d);
            int upForm = up.ready(device);
            int downForm = down.ready(device);
            TileTable tiles = device.table(2 * f, slots.starts());
            DeviceGemm.addGroups(tiles, slots.starts(), in, up, upForm,
                    Rows.at(gateUp == null ? 0 : gateUpOffset, 2 * f));
            int upTiles = tiles.count();
            DeviceGemm.addGroups(tiles, slots.starts(), Rows.at(0, f), down, downForm, out);
            float[] table = up.table() == null ? down.table() : up.table();
            device.networks(slots, tiles, table, new DeviceProducts.Networks(
                    upTiles, upForm, downForm, f, d, x, xOffset, gateUp, gateUpOffset, y, yOffset));
        }
    }

    // spotless:on

    @Override
    public double transferSeconds() {
        return gemm.transferSeconds();
    }

    @Override
    public void stopTiming() {
        gemm.stopTiming();
    }
}
