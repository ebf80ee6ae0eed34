package dev.eva.model.text;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Text files. A {@code .jsonl} file has one JSON object a line, whose {@code text} is a document; any other file is a
 * document.
 *
 * <p>A folder stands for all files below it in the order of their paths, without hidden ones and without those that
 * hold a zero
 * byte near their beginning (pictures, archives), which are named in {@link #notices()}.
 */
public final class TextFiles implements Corpus {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final int SNIFF = 8192;

    private final List<Path> given;
    private final List<Path> files;
    private final int binaries;

    private TextFiles(List<Path> given, List<Path> files, int binaries) {
        this.given = List.copyOf(given);
        this.files = List.copyOf(files);
        this.binaries = binaries;
    }

    static TextFiles of(List<Path> paths) {
        if (paths.isEmpty()) {
            throw new TextException("data: no files given; need files, folders, shakespeare or jdk");
        }
        List<Path> files = new ArrayList<>();
        int binaries = 0;
        for (Path path : paths) {
            if (Files.isDirectory(path)) {
                List<Path> below = below(path);
                List<Path> text = below.stream().filter(f -> !isBinary(f)).toList();
                if (text.isEmpty()) {
                    throw new TextException(
                            "data: " + path + ": a folder without text files; need UTF-8 files or .jsonl");
                }
                binaries += below.size() - text.size();
                files.addAll(text);
            } else if (Files.exists(path)) {
                files.add(path);
            } else {
                throw new TextException(
                        "data: " + path + ": no such file or folder; need UTF-8 text, shakespeare or jdk");
            }
        }
        return new TextFiles(paths, files, binaries);
    }

    private static List<Path> below(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(f -> Files.isRegularFile(f) && !isHidden(folder.relativize(f)))
                    .sorted((a, b) -> a.toString().compareTo(b.toString()))
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new TextException("data: " + folder + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static boolean isHidden(Path relative) {
        for (Path part : relative) {
            if (part.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBinary(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            for (byte b : in.readNBytes(SNIFF)) {
                if (b == 0) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    @Override
    public void read(Consumer<String> sink) {
        for (Path file : files) {
            try {
                if (file.toString().endsWith(".jsonl")) {
                    readLines(file, sink);
                } else {
                    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                        Utf8.read(in, file.toString(), sink);
                    }
                }
            } catch (IOException e) {
                throw unreadable(file, e);
            }
        }
    }

    private static void readLines(Path file, Consumer<String> sink) throws IOException {
        long line = 0;
        try (BufferedReader in = new BufferedReader(
                new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8.newDecoder()))) {
            for (String s = in.readLine(); s != null; s = in.readLine()) {
                line++;
                if (!s.isBlank()) {
                    String text = text(file, line, s);
                    sink.accept(text.endsWith("\n") ? text : text + "\n");
                }
            }
        } catch (CharacterCodingException e) {
            throw new TextException("data: " + file + ": not UTF-8 after line " + line + "; need UTF-8 text", e);
        }
    }

    private static String text(Path file, long line, String json) {
        JsonNode node;
        try {
            node = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new TextException("data: " + file + " line " + line + ": not JSON: " + e.getOriginalMessage(), e);
        }
        JsonNode text = node.path("text");
        if (!text.isString()) {
            throw new TextException("data: " + file + " line " + line
                    + ": has no string \"text\"; need {\"text\": \"...\"} on every line");
        }
        return text.stringValue();
    }

    private static TextException unreadable(Path file, IOException e) {
        return new TextException("data: " + file + ": cannot be read: " + e.getMessage(), e);
    }

    @Override
    public String name() {
        return files.getFirst().getFileName() + (files.size() == 1 ? "" : " and " + (files.size() - 1) + " more files");
    }

    @Override
    public List<String> source() {
        return given.stream()
                .map(p -> p.toAbsolutePath().normalize().toString())
                .toList();
    }

    @Override
    public List<String> notices() {
        return binaries == 0
                ? List.of()
                : List.of("data: left out " + binaries + " files that are not text (they hold zero bytes)");
    }
}
