package dev.eva.measure.model;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A JVM beside this one with kernels of its own. The choice of kernels is made once a process, and final, because
 * compiled code depends on it; so whole models that differ in their kernels run in as many processes, with this one's
 * flags, and are asked in turn.
 */
public final class ModelProcess implements AutoCloseable {
    private final String name;
    private final Process process;
    private final Path errors;
    private final BufferedReader answers;
    private final PrintWriter requests;

    /**
     * Seconds and a number to compare.
     *
     * @param checked the loss, or the largest logit
     */
    public record Answer(double seconds, double checked) {}

    /**
     * Starts one.
     *
     * @param name for messages
     * @param main class whose main method hands its arguments to {@link ModelWorker#serve}
     * @param flags of the JVM, beside those of this one, over which they win
     */
    public ModelProcess(String name, Class<?> main, Collection<String> flags, String preset, int threads) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName(), preset));
        command.add(Integer.toString(threads));
        this.name = name;
        try {
            this.errors = Files.createTempFile("eva-bench", ".log");
            this.process =
                    new ProcessBuilder(command).redirectError(errors.toFile()).start();
        } catch (IOException e) {
            throw new UncheckedIOException("bench: cannot start " + command.getFirst(), e);
        }
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.requests = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    }

    /** The share of a run that its device spends on transfers: of one run more, which waits for its arrays. */
    public double transferShare(String request) {
        Answer answer = ask(ModelWorker.TRANSFERS + " " + request);
        return answer.checked() / answer.seconds();
    }

    /** Asks and waits. @throws IllegalStateException with the last line of its errors if it has ended */
    public Answer ask(String request) {
        requests.println(request);
        try {
            String line = answers.readLine();
            if (line == null) {
                String why = Files.readAllLines(errors).stream()
                        .filter(l -> !l.isBlank() && !l.startsWith("WARNING") && !l.startsWith("\tat "))
                        .reduce("no message", (first, last) -> last);
                throw new IllegalStateException("bench: " + name + ", " + request + ": the process ended: " + why);
            }
            String[] numbers = line.split(" ");
            return new Answer(Double.parseDouble(numbers[0]), Double.parseDouble(numbers[1]));
        } catch (IOException e) {
            throw new UncheckedIOException("bench: " + name + ", " + request, e);
        }
    }

    /** Ends it. */
    @Override
    public void close() {
        requests.close();
        process.destroy();
        try {
            process.waitFor();
            Files.deleteIfExists(errors);
        } catch (IOException e) {
            throw new UncheckedIOException("bench: cannot delete " + errors, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
