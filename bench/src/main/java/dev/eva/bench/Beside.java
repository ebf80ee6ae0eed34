package dev.eva.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A process, Eva's or a peer's, that is ready when it says so and answers a line with a line of numbers. */
final class Beside implements AutoCloseable {
    /** Blocks of PyTorch are kept and backed by huge pages: its best setting. */
    private static final String MALLOC = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8589934592"
            + ":glibc.malloc.trim_threshold=17179869184:glibc.malloc.arena_max=1";

    /** Threads of both sides. */
    static final int THREADS = Math.min(2, Runtime.getRuntime().availableProcessors());

    private final String name;
    private final Process process;
    /** What the process says beside its answers: shown if it ends too early. */
    private final Path errors;

    private final BufferedReader answers;
    private final PrintWriter requests;

    private Beside(String name, ProcessBuilder builder) {
        this.name = name;
        try {
            this.errors = Files.createTempFile("eva-performance", ".log");
            errors.toFile().deleteOnExit();
            this.process = builder.redirectError(errors.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException("performance: cannot start " + name, e);
        }
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.requests = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
        answer("start");
    }

    /** {@link EvaWorker} with this JVM's flags. */
    static Beside eva(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), EvaWorker.class.getName()));
        command.addAll(List.of(arguments));
        return new Beside("eva " + String.join(" ", arguments), new ProcessBuilder(command));
    }

    /** A script of bench/peers with the Python of the peers' folder. */
    static Beside python(Path peers, String script, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(peers.resolve("venv/bin/python").toString(), "-W", "ignore", "bench/peers/" + script));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("OMP_NUM_THREADS", Integer.toString(THREADS));
        builder.environment().put("GLIBC_TUNABLES", MALLOC);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        builder.environment()
                .put("TORCHINDUCTOR_CACHE_DIR", peers.resolve("inductor").toString());
        return new Beside(script, builder);
    }

    /** The numbers of its answer. */
    double[] ask(String request) {
        requests.println(request);
        return Arrays.stream(answer(request).split(" "))
                .mapToDouble(Double::parseDouble)
                .toArray();
    }

    private String answer(String request) {
        try {
            String line = answers.readLine();
            if (line == null) {
                throw new IllegalStateException("performance: " + name + " ended at: " + request + "\n"
                        + Files.readString(errors).strip());
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException("performance: " + name + ", " + request, e);
        }
    }

    /** The most that it ever had in memory, MiB, as Linux counts it. */
    double peakMib() {
        try {
            return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                    .filter(l -> l.startsWith("VmHWM:"))
                    .mapToDouble(l -> Double.parseDouble(l.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        requests.close();
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
