package dev.eva.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whole processes, from their start to their end. */
final class ProcessLines {
    /** Of the command's last evaluation, over the whole validation text. */
    private static final Pattern LOSS = Pattern.compile("validation loss ([0-9.]+)");

    private static final Path JAR = Path.of("cli/target/eva.jar");
    private static final Path ARCHIVE = Path.of("cli/target/eva.jsa");
    /** Nats a character at the end of nanoGPT's recipe. */
    private static final double GOAL = 1.898;

    private final boolean quick;
    private final Path peers;
    private final Path scratch;

    /**
     * @param peers folder of the peers, or null
     * @param scratch folder for what is made
     */
    ProcessLines(boolean quick, Path peers, Path scratch) {
        this.quick = quick;
        this.peers = peers;
        this.scratch = scratch;
    }

    /** Seconds from the first line of ./eva to its end. */
    List<Line> start() throws IOException, InterruptedException {
        build();
        Path mini = scratch.resolve("mini");
        if (!Files.exists(mini)) {
            run(List.of("./eva", "init", "--preset", "mini", mini.toString()));
        }
        int runs = quick ? 3 : 9;
        Side help = seconds(runs, "./eva", "--help");
        Side token =
                seconds(runs, "./eva", "generate", mini.toString(), "--prompt", "Hello there", "--max-tokens", "1");
        return List.of(
                Line.alone("eva --help, s", help, "").atMost(0.25),
                Line.alone("eva generate, mini, first token, s", token, "").atMost(0.6));
    }

    private static Side seconds(int runs, String... command) throws IOException, InterruptedException {
        double[] seconds = new double[runs];
        run(List.of(command));
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            run(List.of(command));
            seconds[i] = (System.nanoTime() - start) * 1e-9;
        }
        return Side.of(seconds);
    }

    /** Eva's own recipe for {@code steps} steps: seconds of the process, with the loss it ended with. */
    List<Line> qualityOfEva(int steps) throws IOException, InterruptedException {
        build();
        Path run = Files.createTempDirectory(scratch, "run");
        long start = System.nanoTime();
        String out = run(List.of(
                "./eva",
                "train",
                "--steps",
                Integer.toString(steps),
                "--eval-every",
                Integer.toString(steps),
                "--out",
                run.resolve("run").toString()));
        double seconds = (System.nanoTime() - start) * 1e-9;
        Matcher matcher = LOSS.matcher(out);
        double loss = Double.NaN;
        while (matcher.find()) {
            loss = Double.parseDouble(matcher.group(1));
        }
        String note =
                String.format(Locale.ROOT, "%d steps, validation loss %.4f; wanted at most %.3f", steps, loss, GOAL);
        return List.of(Line.alone("eva train, s", Side.of(seconds), note));
    }

    /** nanoGPT's recipe. */
    List<Line> qualityOfPeer(Path text, int iterations) throws IOException, InterruptedException {
        if (peers == null) {
            throw new IllegalArgumentException("performance: quality-peer needs --peers FOLDER");
        }
        String out = run(List.of(
                peers.resolve("venv/bin/python").toString(),
                "bench/peers/gpt.py",
                text.toString(),
                Integer.toString(iterations)));
        String[] numbers = out.strip().split(" ");
        String note = numbers[1] + " iterations, validation loss " + numbers[2];
        return List.of(Line.alone("nanoGPT's recipe in PyTorch, s", Side.of(Double.parseDouble(numbers[0])), note));
    }

    /**
     * Has ./eva build its jar with the archive of classes. A jar that Maven has built meanwhile is newer than the
     * archive, and ./eva, which goes by the sources, would run it without: such a jar is removed.
     */
    private static void build() throws IOException, InterruptedException {
        if (Files.exists(JAR) && !hasArchive()) {
            Files.delete(JAR);
        }
        run(List.of("./eva", "--help"));
        if (!hasArchive()) {
            throw new IllegalStateException("performance: " + ARCHIVE + " is missing or older than " + JAR
                    + ": ./eva could not make its archive of classes, and every start would be measured without");
        }
    }

    private static boolean hasArchive() throws IOException {
        return Files.exists(ARCHIVE)
                && Files.getLastModifiedTime(ARCHIVE).compareTo(Files.getLastModifiedTime(JAR)) > 0;
    }

    /** What a command prints; its errors are shown if it fails. */
    private static String run(List<String> command) throws IOException, InterruptedException {
        Path errors = Files.createTempFile("eva-performance", ".log");
        Process process = new ProcessBuilder(new ArrayList<>(command))
                .redirectError(errors.toFile())
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException("performance: failed: " + String.join(" ", command) + ": "
                    + Files.readString(errors).strip());
        }
        Files.delete(errors);
        return out;
    }
}
