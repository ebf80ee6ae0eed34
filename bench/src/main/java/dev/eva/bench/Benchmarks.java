package dev.eva.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Entry of {@code benchmarks.jar}: JMH's own main, in a JVM that has what the kernels need. Forks take their
 * environment from it, so the JDK's {@code libjsig}, which products on an OpenCL device must have loaded before
 * everything else, is named there once; with the Vector API in it, {@code -f 0} works, too.
 */
public final class Benchmarks {
    private static final String VECTORS = "jdk.incubator.vector";
    private static final String PRELOAD = "LD_PRELOAD";

    private Benchmarks() {}

    /** JMH's command line, {@code -h} explains it. */
    public static void main(String... args) throws IOException, InterruptedException {
        boolean vectors = ModuleLayer.boot().findModule(VECTORS).isPresent();
        String chaining = chaining();
        if (vectors && chaining == null) {
            org.openjdk.jmh.Main.main(args);
            return;
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--add-modules=" + VECTORS,
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Benchmarks.class.getName()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        if (chaining != null) {
            builder.environment()
                    .merge(PRELOAD, chaining, (before, now) -> before.isEmpty() ? now : now + ":" + before);
        }
        Process process = builder.start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
        System.exit(process.waitFor());
    }

    /** The library that is to be loaded first; null if it is, or where there is none. */
    private static String chaining() {
        Path library = Path.of(System.getProperty("java.home"), "lib", "libjsig.so");
        String loaded = System.getenv(PRELOAD);
        return Files.isReadable(library) && (loaded == null || !loaded.contains("libjsig")) ? library.toString() : null;
    }
}
