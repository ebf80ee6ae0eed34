package dev.eva.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Whether the JVM keeps its signal handlers. It takes SIGSEGV as a matter of course, for null checks and to stop its
 * threads; compilers inside OpenCL drivers (LLVM's, in PoCL) put their own handler in its place while they work, and
 * then the build of a kernel fails, or the process ends. The JDK's {@code libjsig} keeps the JVM's first, but has to be
 * loaded before everything else: {@code LD_PRELOAD}, which must be set before the process starts.
 */
final class Signals {
    private static final String LIBRARY = "libjsig";

    private Signals() {}

    /** Whether handlers are chained, or need not be. */
    static boolean chained() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        if (os.startsWith("mac")) {
            String inserted = System.getenv("DYLD_INSERT_LIBRARIES");
            return inserted != null && inserted.contains(LIBRARY);
        }
        return !os.startsWith("linux") || isMapped();
    }

    private static boolean isMapped() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.anyMatch(line -> line.contains(LIBRARY));
        } catch (IOException e) {
            return false;
        }
    }

    /** What to do about it. */
    static String advice() {
        return "the JVM's signal handlers are not safe from the compiler in an OpenCL driver; start with ./eva, with"
                + " java -jar eva.jar, or with LD_PRELOAD="
                + Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("jsig"));
    }
}
