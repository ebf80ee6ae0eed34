package dev.eva.measure;

import com.sun.management.OperatingSystemMXBean;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a figure was measured on.
 *
 * @param cpu model of the processor, or the architecture where the system does not tell
 * @param cores that this process may use
 * @param threads that share a loop
 * @param system its name, version and architecture
 * @param java version, virtual machine and vendor
 * @param kernels what this process runs by itself, in a line
 * @param memoryBytes of the machine
 * @param device that the bench compares with, and its driver; empty if there is none
 * @param flags of the JVM that change speed
 */
public record Machine(
        String cpu,
        int cores,
        int threads,
        String system,
        String java,
        String kernels,
        long memoryBytes,
        String device,
        String flags) {
    /** This one, no device. */
    public static Machine here() {
        return here("");
    }

    /** This one. */
    public static Machine here(String device) {
        return new Machine(
                cpuModel(),
                Runtime.getRuntime().availableProcessors(),
                Parallel.threads(),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                Runtime.version() + ", " + System.getProperty("java.vm.name") + ", "
                        + System.getProperty("java.vendor"),
                Kernels.summary(),
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(),
                device,
                jvmFlags());
    }

    /** Model of the processor as the system names it, else the architecture. */
    public static String cpuModel() {
        Path info = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(info)) {
            return System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(info)) {
            return lines.filter(l -> l.startsWith("model name"))
                    .findFirst()
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .orElseGet(() -> System.getProperty("os.arch"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Options of the JVM but for those that name files, which say nothing about speed. */
    private static String jvmFlags() {
        return String.join(
                " ",
                ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                        .filter(a -> a.matches("-X.*|-Deva\\..*|--add-modules.*") && !a.contains("/"))
                        .toList());
    }

    /** All of it as labels and texts, in the order of reading. */
    public Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("processor", cpu + ", " + cores + " cores for this process");
        facts.put("memory", String.format(Locale.ROOT, "%.1f GiB", memoryBytes / 1073741824.0));
        facts.put("system", system);
        facts.put("java", java);
        facts.put("flags", flags);
        facts.put("kernels", kernels.replaceFirst("^kernels: ", ""));
        if (!device.isEmpty()) {
            facts.put("device", device);
        }
        facts.put("threads", Integer.toString(threads));
        return facts;
    }
}
