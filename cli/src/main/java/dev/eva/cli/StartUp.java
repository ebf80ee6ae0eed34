package dev.eva.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The commands whose classes go into the archive that {@code ./eva} writes beside the jar: help, and small models that
 * are written, trained, read and continued.
 */
final class StartUp {
    private StartUp() {}

    public static void main(String[] args) throws IOException, ClassNotFoundException {
        Path folder = Files.createTempDirectory("eva-start-up");
        try {
            String model = folder.resolve("model").toString();
            String run = folder.resolve("run").toString();
            String text = folder.resolve("text.txt").toString();
            Files.writeString(Path.of(text), "To be, or not to be, that is the question.\n".repeat(50));
            String[][] commands = {
                {"--help"},
                {"train", "--help"},
                {"init", model, "--preset", "mini"},
                {"info", model},
                {"train", "--preset", "mini", "--data", text, "--out", run, "--steps", "2", "--length", "16"},
                {"generate", run, "--prompt", "To be", "--max-tokens", "8"},
                {"generate", model, "--prompt", "To be, or not to be", "--max-tokens", "64"},
            };
            // The entry ends the process, so it is loaded, not called.
            Class.forName("dev.eva.cli.Main");
            PrintWriter out = new PrintWriter(System.out);
            for (String[] command : commands) {
                Ahead.begin(List.of(command));
                if (Eva.run(out, out, command) != 0) {
                    throw new IllegalStateException("start-up: failed: eva " + String.join(" ", command));
                }
            }
        } finally {
            delete(folder);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> inside = Files.walk(folder)) {
            List<Path> deepestFirst = inside.sorted(Comparator.reverseOrder()).toList();
            for (Path path : deepestFirst) {
                Files.delete(path);
            }
        }
    }
}
