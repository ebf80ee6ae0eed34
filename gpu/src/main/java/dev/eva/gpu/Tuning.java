package dev.eva.gpu;

import dev.eva.gpu.OpenClDevices.Device;
import dev.eva.gpu.kernels.Product;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.SplittableRandom;

/**
 * Which kernel of products a device runs, and in what work groups: measured once, then read from
 * {@code opencl.properties} in the user's cache folder ({@code eva} in XDG_CACHE_HOME, else in {@code ~/.cache}).
 * {@code -Deva.opencl.tile=tile:8} decides it by hand.
 */
final class Tuning {
    /** A kernel, and items of a work group along tiles of rows. */
    record Tile(boolean local, int width) {
        static Tile parse(String text) {
            return text.equals("local")
                    ? new Tile(true, 0)
                    : new Tile(false, Integer.parseInt(text.substring(text.indexOf(':') + 1)));
        }

        @Override
        public String toString() {
            return local ? "local" : "tile:" + width;
        }
    }

    private static final String PROPERTY = "eva.opencl.tile";
    private static final String FILE = "opencl.properties";
    /** Of the kernels: what was measured with others says nothing. */
    private static final int VERSION = 2;

    private static final List<Tile> FOR_CPU = List.of(new Tile(false, 8), new Tile(false, 1));
    private static final List<Tile> FOR_OTHERS = List.of(new Tile(true, 0), new Tile(false, 32));

    private static final int SIDE = 384;
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

    private static Tile measure(DeviceSession session) {
        List<Tile> candidates = session.isCpu() ? FOR_CPU : FOR_OTHERS;
        Tile best = candidates.getFirst();
        long least = Long.MAX_VALUE;
        for (Tile tile : candidates) {
            long nanos = measure(new DeviceProducts(session, tile));
            if (nanos < least) {
                least = nanos;
                best = tile;
            }
        }
        return best;
    }

    /** The quickest of a few products; the first one, which builds the kernel, does not count. */
    private static long measure(DeviceProducts products) {
        SplittableRandom random = new SplittableRandom(1);
        float[] a = new float[SIDE * SIDE];
        for (int i = 0; i < a.length; i++) {
            a[i] = random.nextFloat();
        }
        TileTable.Rows rows = TileTable.Rows.at(0, SIDE);
        TileTable tiles = new TileTable(products.tileRows()).add(SIDE, rows, new TileTable.Right(0, 0, SIDE), rows);
        DeviceProducts.Matrices arrays =
                new DeviceProducts.Matrices(a, SIDE, 1, a.clone(), SIDE, new float[SIDE * SIDE], SIDE);
        long least = Long.MAX_VALUE;
        for (int round = 0; round <= ROUNDS; round++) {
            long start = System.nanoTime();
            products.multiply(Product.RAW, SIDE, tiles, 0f, arrays, null);
            least = round == 0 ? least : Math.min(least, System.nanoTime() - start);
        }
        products.close();
        return least;
    }
}
