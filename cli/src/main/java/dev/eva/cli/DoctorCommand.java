package dev.eva.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.OperatingSystemMXBean;
import dev.eva.measure.Machine;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.kernel.Kernels;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** What this machine offers Eva, and what to do about anything missing. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "What Eva runs on here, and what would make it faster.%n",
        footer = {"", "Examples:", "  eva doctor", "  JAVA_TOOL_OPTIONS=-Deva.kernels=reference eva doctor"})
final class DoctorCommand implements Runnable {
    private static final String LABEL = "%-12s ";
    private static final String UNDER_LABEL = " ".repeat(13);

    @Spec
    private CommandSpec spec;

    private PrintWriter out;
    private int problems;

    @Override
    public void run() {
        out = spec.commandLine().getOut();
        java();
        compiler();
        kernels();
        cores();
        memory();
        hugePages();
        openCl();
        out.println();
        out.println(
                problems == 0
                        ? "Nothing is missing."
                        : problems == 1 ? "One thing could be better." : problems + " things could be better.");
    }

    private void java() {
        line(
                "Java",
                Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
    }

    private void compiler() {
        String name = ManagementFactory.getCompilationMXBean() == null
                ? "none"
                : ManagementFactory.getCompilationMXBean().getName();
        if (System.getProperty("java.vm.info").contains("interpreted")) {
            line("Compiler", "none");
            advise("Eva is thousands of times slower so; leave out -Xint");
        } else if (!System.getProperty("java.vm.name").contains("HotSpot") && !name.contains("HotSpot")) {
            line("Compiler", System.getProperty("java.vm.name") + ", " + name);
            advise("only HotSpot's C2 compiles Eva's kernels to vector instructions; use an OpenJDK such as Temurin");
        } else if (flag("UseJVMCICompiler").equals("true")) {
            line("Compiler", "Graal");
            advise("vector kernels are written for C2; start with -XX:-UseJVMCICompiler, or use an OpenJDK build");
        } else if (!flag("TieredStopAtLevel").equals("4")) {
            line("Compiler", name + ", without C2");
            advise("Eva is many times slower so; leave out -XX:TieredStopAtLevel");
        } else {
            line("Compiler", "HotSpot C2");
        }
    }

    private void kernels() {
        boolean first = true;
        for (Kernels.Candidate c : Kernels.candidates()) {
            line(first ? "Kernels" : "", c.name() + ": " + (c.chosen() ? "chosen, " : "") + c.reason());
            first = false;
        }
        if (Kernels.candidates().stream().anyMatch(c -> c.chosen() && c.name().equals("reference"))) {
            advise("the reference kernels are for checking, and slow");
        }
    }

    private void cores() {
        line(
                "Cores",
                Machine.cpuModel() + ", " + Runtime.getRuntime().availableProcessors() + " for this process; Eva takes "
                        + Parallel.threads() + " threads (-Deva.threads, eva train --threads)");
    }

    private void memory() {
        OperatingSystemMXBean os = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        long heap = Runtime.getRuntime().maxMemory();
        line(
                "Memory",
                Table.bytes(os.getTotalMemorySize()) + ", " + Table.bytes(os.getFreeMemorySize())
                        + " of it free; the heap may grow to " + Table.bytes(heap) + " (JAVA_TOOL_OPTIONS=-Xmx...)");
        long small = 1L << 30;
        if (heap < small) {
            advise("under 1 GiB of heap trains only the smallest models");
        }
    }

    private void hugePages() {
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        if (!Files.isReadable(setting)) {
            line("Huge pages", "not on this system");
            return;
        }
        String system = read(setting).replaceAll("(?s).*\\[(\\w+)].*", "$1");
        boolean asked = flag("UseTransparentHugePages").equals("true");
        line("Huge pages", "system: " + system + "; this JVM: " + (asked ? "asks for them" : "does not ask"));
        if (system.equals("never")) {
            advise("memory is read faster with them: echo madvise | sudo tee " + setting);
        } else if (system.equals("madvise") && !asked) {
            advise("memory is read faster with them; ./eva asks, else add -XX:+UseTransparentHugePages");
        }
    }

    private void openCl() {
        String label = "OpenCL";
        for (OpenCl.Device d : OpenCl.devices()) {
            line(label, d.line() + ", " + Table.bytes(d.memoryBytes()) + "; --device gpu:" + d.number());
            label = "";
        }
        OpenCl.missing()
                .ifPresentOrElse(
                        why -> {
                            line("OpenCL", "none, and none is needed");
                            out.println(UNDER_LABEL + why);
                        },
                        () -> OpenCl.unavailable().ifPresent(this::advise));
    }

    private static String read(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return String.join("\n", lines.toList());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Value of a flag of the JVM, empty where it has no such flag. */
    private static String flag(String name) {
        HotSpotDiagnosticMXBean vm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        try {
            return vm == null ? "" : vm.getVMOption(name).getValue();
        } catch (IllegalArgumentException noSuchFlag) {
            return "";
        }
    }

    private void line(String label, String text) {
        out.println(Ansi.AUTO.string("@|bold " + String.format(Locale.ROOT, LABEL, label) + "|@") + text);
    }

    private void advise(String what) {
        problems++;
        out.println(UNDER_LABEL + Ansi.AUTO.string("@|yellow -> |@") + what);
    }
}
