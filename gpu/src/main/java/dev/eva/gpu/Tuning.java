package dev.eva.gpu;

import dev.eva.gpu.OpenClDevices.Device;
import dev.eva.gpu.kernels.LocalProduct;
import dev.eva.gpu.kernels.Product;
import dev.eva.gpu.kernels.TileProduct;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which kernel of products a device runs, and in what tiles: measured once, without transfers, then read from
 * {@code opencl.properties} in the user's cache folder ({@code eva} in XDG_CACHE_HOME, else in {@code ~/.cache}).
 *
 * <p>{@code -Deva.opencl.tile} decides it by hand: {@code tile:8} is {@link TileProduct} in groups of 8 tiles,
 * {@code local:64} is {@link LocalProduct} in tiles of 64 rows, {@code local} in tiles of 128, 64 or 32 as is best for
 * each product.
 */
final class Tuning {
    /**
     * A kernel and its tiles.
     *
     * @param width of tiles in local memory their rows, else items of a work group along tiles of rows
     * @param chosen whether each product chooses among tiles in local memory, up to {@code width} rows
     */
    record Tile(boolean local, int width, boolean chosen) {
        private static final Pattern FORMAT =
                Pattern.compile("(?<up>local(<=(?<most>32|64|128))?)|local:(?<rows>32|64|128)"
                        + "|tile:(?<width>[1-9]\\d{0,3})");

        /** @throws IllegalArgumentException if it is none */
        static Tile parse(String text) {
            Matcher m = FORMAT.matcher(text);
            if (!m.matches()) {
                throw new IllegalArgumentException("opencl: tiles '" + text + "'; need tile:N with N work items from 1"
                        + " on, local, or local:N with N of 32, 64, 128 rows");
            }
            if (m.group("up") != null) {
                return upTo(m.group("most") == null ? LocalProduct.SIDE : Integer.parseInt(m.group("most")));
            }
            boolean local = m.group("rows") != null;
            return new Tile(local, Integer.parseInt(m.group(local ? "rows" : "width")), false);
        }

        /** Tiles in local memory, as high as a product wants them, but no higher than this. */
        static Tile upTo(int rows) {
            return new Tile(true, rows, true);
        }

        @Override
        public String toString() {
            return (local ? "local" : "tile") + (chosen ? "<=" : ":") + width;
        }
    }

    private static final String PROPERTY = "eva.opencl.tile";
    private static final String FILE = "opencl.properties";
    /** Of the kernels: what was measured with others says nothing. */
    private static final int VERSION = 3;

    private static final List<Tile> FOR_CPU = List.of(new Tile(false, 8, false), new Tile(false, 1, false));
    private static final List<Tile> FOR_OTHERS =
            List.of(new Tile(true, 128, false), new Tile(true, 64, false), new Tile(true, 32, false));
    /** What works everywhere. */
    private static final Tile WITHOUT_LOCAL_MEMORY = new Tile(false, 32, false);

    private static final int SMALLEST_SIDE = 384;
    private static final int LARGEST_SIDE = 3072;
    /** A launch takes some 10 us, which has to be small beside a product. */
    private static final double LONG_ENOUGH = 4e-3;

    private static final int ROUNDS = 3;

    private Tuning() {}

    static Tile of(DeviceSession session) {
        String given = System.getProperty(PROPERTY, "");
        if (!given.isEmpty()) {
            return Tile.parse(given);
        }
        Device d = session.device();
        String key = (d.platform() + "/" + d.name() + "/" + d.driver() + "/" + VERSION).replaceAll("[^\\w./-]", "_");
        Path file = folder().resolve(FILE);
        Properties known = read(file);
        if (known.containsKey(key)) {
            return Tile.parse(known.getProperty(key));
        }
        Tile best = measure(session);
        known.setProperty(key, best.toString());
        write(file, known);
        return best;
    }

    private static Path folder() {
        String cache = System.getenv("XDG_CACHE_HOME");
        return (cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache))
                .resolve("eva");
    }

    private static Properties read(Path file) {
        Properties known = new Properties();
        if (Files.isReadable(file)) {
            try (Reader in = Files.newBufferedReader(file)) {
                known.load(in);
            } catch (IOException | IllegalArgumentException e) {
                // Measured again, and written anew.
                known.clear();
            }
        }
        return known;
    }

    private static void write(Path file, Properties known) {
        try {
            Files.createDirectories(file.getParent());
            Path beside = Files.createTempFile(file.getParent(), FILE, "");
            try (Writer out = Files.newBufferedWriter(beside)) {
                known.store(out, "Eva: the fastest kernel of products of each OpenCL device; may be deleted");
            }
            Files.move(beside, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            System.getLogger(Tuning.class.getPackageName())
                    .log(System.Logger.Level.WARNING, "opencl: measured again next time, cannot write " + file);
        }
    }

    /**
     * The tiles among which a device's are chosen.
     *
     * @param cpu whether it is a CPU
     * @param localBytes that a work group has
     * @param largestGroup work items of a group at most
     */
    static List<Tile> candidates(boolean cpu, long localBytes, int largestGroup) {
        if (cpu) {
            return FOR_CPU;
        }
        int items = LocalProduct.GROUP * LocalProduct.GROUP;
        boolean local = localBytes >= LocalProduct.LOCAL_BYTES && largestGroup >= items;
        List<Tile> all = new ArrayList<>(local ? FOR_OTHERS : List.of());
        all.add(WITHOUT_LOCAL_MEMORY);
        return all;
    }

    private static Tile measure(DeviceSession session) {
        Tile best = null;
        double least = Double.POSITIVE_INFINITY;
        int side = SMALLEST_SIDE;
        for (Tile tile : candidates(session.isCpu(), session.device().localBytes(), session.largestGroup())) {
            DeviceProducts products = new DeviceProducts(session, tile);
            double seconds = seconds(products, side);
            // The first one decides what is large on this device.
            while (best == null && seconds < LONG_ENOUGH && 2 * side <= LARGEST_SIDE && fits(session, 2 * side)) {
                side *= 2;
                seconds = seconds(products, side);
            }
            products.close();
            if (seconds < least) {
                least = seconds;
                best = tile;
            }
        }
        return best.local() ? Tile.upTo(best.width()) : best;
    }

    private static boolean fits(DeviceSession session, int side) {
        long most = Math.min(session.device().memoryBytes(), Runtime.getRuntime().maxMemory()) / 4;
        return 4L * Float.BYTES * side * side < most;
    }

    /** The quickest of a few products of this side, without transfers; the first, which builds the kernel, is none. */
    private static double seconds(DeviceProducts products, int side) {
        SplittableRandom random = new SplittableRandom(1);
        float[] a = new float[side * side];
        for (int i = 0; i < a.length; i++) {
            a[i] = random.nextFloat();
        }
        TileTable.Rows rows = TileTable.Rows.at(0, side);
        DeviceProducts.Matrices arrays =
                new DeviceProducts.Matrices(a, side, 1, a.clone(), side, new float[side * side], side);
        double least = Double.POSITIVE_INFINITY;
        for (int round = 0; round <= ROUNDS; round++) {
            TileTable tiles =
                    products.table(side, 0, side).add(side, rows, new TileTable.Right(0, 0, side), rows);
            products.transferSeconds();
            long start = System.nanoTime();
            products.multiply(Product.RAW, side, tiles, 0f, arrays, null);
            double seconds = (System.nanoTime() - start) * 1e-9 - products.transferSeconds();
            least = round == 0 ? least : Math.min(least, seconds);
        }
        products.stopTiming();
        return least;
    }
}
