package dev.eva.model.train.ranks;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A JVM beside this one, with its flags and its choice of kernels, that is one of the ranks. */
final class RankProcess {
    private static final String OWN = "eva.";
    private static final String THROWN = "Exception in thread ";
    /** Last lines of its output that are kept. */
    private static final int LINES = 100;

    private static final int SIGNALS = 128;
    private static final long PATIENCE_SECONDS = 10;

    private final int rank;
    private final Process process;
    private final Thread reader;
    private final Deque<String> said = new ArrayDeque<>();

    /** @param main its class with a main method */
    RankProcess(int rank, Class<?> main, List<String> args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        // What was set since this process began, above all the kernels.
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith(OWN)) {
                command.add("-D" + name + "=" + System.getProperty(name));
            }
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(args);
        this.rank = rank;
        this.process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        this.reader = Thread.ofPlatform().daemon().name("rank-" + rank).start(this::listen);
    }

    private void listen() {
        try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                hear(line);
            }
        } catch (IOException e) {
            hear(e.toString());
        }
    }

    private synchronized void hear(String line) {
        if (said.size() == LINES) {
            said.removeFirst();
        }
        said.add(line);
    }

    void onExit(Runnable then) {
        process.onExit().thenRun(then);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** {@code rank 1 has ended, killed by signal 9}, or what it said. */
    String end() {
        if (!ends()) {
            return "rank " + rank + " has closed its connection";
        }
        int code = process.exitValue();
        String how = code > SIGNALS ? "killed by signal " + (code - SIGNALS) : "exit code " + code;
        return "rank " + rank + " has ended, " + how + why();
    }

    private synchronized String why() {
        return said.stream()
                .filter(l -> l.startsWith(THROWN))
                .findFirst()
                .map(l -> ": " + l.replaceFirst(THROWN + "\"[^\"]*\" ", "").replaceFirst("^dev\\.eva\\.[\\w.]+: ", ""))
                .or(() -> said.stream()
                        .filter(l -> l.toLowerCase(Locale.ROOT).contains("error"))
                        .findFirst()
                        .map(l -> ": " + l.strip()))
                .orElse("");
    }

    /** Waits for its end, and makes an end of it if that takes long. */
    void finish() {
        if (!ends()) {
            process.destroyForcibly();
        }
    }

    private boolean ends() {
        try {
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (ended) {
                reader.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
            }
            return ended;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    long pid() {
        return process.pid();
    }
}
