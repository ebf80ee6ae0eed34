package dev.eva.measure;

import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a measurement ran on.
 *
 * @param cpu the processor's name
 * @param cores available to this process
 * @param threads that Eva uses
 * @param system operating system and architecture
 * @param java version and vendor
 * @param kernels the chosen kernels, in a line
 */
public record Machine(String cpu, int cores, int threads, String system, String java, String kernels) {
    /** This machine. */
    public static Machine here() {
        return new Machine(
                processor(),
                Runtime.getRuntime().availableProcessors(),
                Parallel.threads(),
                System.getProperty("os.name") + " " + System.getProperty("os.arch"),
                Runtime.version() + ", " + System.getProperty("java.vendor"),
                Kernels.summary());
    }

    private static String processor() {
        Path info = Path.of("/proc/cpuinfo");
        String architecture = System.getProperty("os.arch");
        if (!Files.isReadable(info)) {
            return architecture;
        }
        try (Stream<String> lines = Files.lines(info)) {
            return lines.filter(l -> l.startsWith("model name"))
                    .findFirst()
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .orElse(architecture);
        } catch (IOException e) {
            return architecture;
        }
    }
}
