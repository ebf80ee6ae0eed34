package dev.eva.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.gpu.kernels.Product;
import dev.eva.gpu.kernels.TileProduct;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM whose threads fault, as they do for null checks and at safepoints, while a driver's compiler works in it.
 * Without {@code libjsig} the compiler takes such a fault for its own: the build fails, or the process ends.
 */
class SignalsTest {
    @TempDir
    Path cache;

    @BeforeAll
    static void device() {
        NeedsDevice.check();
    }

    @Test
    void kernelsAreBuiltWhileOtherThreadsFault() throws Exception {
        Process process = start(Busy.class, System.getenv("LD_PRELOAD"));
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(out).isZero();
        assertThat(out).contains("built");
    }

    @Test
    void withoutChainedHandlersNothingIsBuilt() throws Exception {
        Process process = start(Show.class, null);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(out).isZero();
        if (System.getProperty("os.name").equals("Linux")) {
            assertThat(out).contains("start with ./eva", "LD_PRELOAD=", "libjsig.so");
        }
    }

    private Process start(Class<?> main, String preload) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName())
                .redirectErrorStream(true);
        builder.environment().remove("LD_PRELOAD");
        if (preload != null) {
            builder.environment().put("LD_PRELOAD", preload);
        }
        // Nothing that was built before.
        builder.environment().put("POCL_CACHE_DIR", cache.toString());
        return builder.start();
    }

    /** Says whether the device can be used. */
    static final class Show {
        public static void main(String[] args) {
            System.out.println(DeviceChoice.unavailable());
        }
    }

    /** Builds and runs a kernel beside threads that fault. */
    static final class Busy {
        private static volatile boolean stop;
        private static volatile long sink;
        private int field = 1;

        public static void main(String[] args) throws InterruptedException {
            Thread[] threads = {new Thread(Busy::loop), new Thread(Busy::nulls), new Thread(Busy::collect)};
            for (Thread t : threads) {
                // What fails to build ends the process.
                t.setDaemon(true);
                t.start();
            }
            DeviceSession session = DeviceSession.open(DeviceChoice.chosen());
            DeviceProducts products = new DeviceProducts(session, Tuning.Tile.parse("tile:1"));
            TileTable.Rows rows = TileTable.Rows.at(0, 32);
            TileTable tiles = new TileTable(TileProduct.HEIGHT).add(8, rows, new TileTable.Right(0, 0, 32), rows);
            float[] a = new float[32 * 32];
            products.multiply(
                    Product.RAW,
                    32,
                    tiles,
                    0f,
                    new DeviceProducts.Matrices(a, 32, 1, a.clone(), 32, a.clone(), 32),
                    null);
            stop = true;
            for (Thread t : threads) {
                t.join();
            }
            System.out.println("built");
        }

        private static void loop() {
            while (!stop) {
                long s = 0;
                for (long i = 0; i < 1_000_000; i++) {
                    s += i ^ s;
                }
                sink = s;
            }
        }

        private static void nulls() {
            int n = 0;
            while (!stop) {
                try {
                    n += read(n % 3 == 0 ? new Busy() : null);
                } catch (NullPointerException e) {
                    n++;
                }
                rest(n % 64 == 0);
            }
            sink = n;
        }

        private static int read(Busy b) {
            return b.field;
        }

        private static void collect() {
            while (!stop) {
                System.gc();
                rest(true);
            }
        }

        /** Leaves the processor to the compiler: hundreds of faults a second are enough. */
        private static void rest(boolean now) {
            if (now) {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }
}
