package dev.eva.model.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A body of text, read from beginning to end as often as wanted, always in the same order, never whole in memory.
 *
 * <p>It consists of documents, one after the other; one that does not end in a newline gets one.
 */
public sealed interface Corpus permits Corpus.Literal, Corpus.Shakespeare, Corpus.Jdk, TextFiles {
    /** Hands over the text in pieces that never part a surrogate pair. */
    void read(Consumer<String> sink);

    /** What it is, in a few words: {@code shakespeare}, {@code notes.txt and 3 more files}. */
    String name();

    /** The words that {@link #of(List)} takes to find it again from any folder. */
    List<String> source();

    /** What was left out of it and why, one line each; to be shown to the user. */
    default List<String> notices() {
        return List.of();
    }

    /** UTF-8 files, and folders of them; see {@link TextFiles}. */
    static Corpus files(List<Path> paths) {
        return TextFiles.of(paths);
    }

    /**
     * The corpus that the user asked for: {@code shakespeare}, {@code jdk}, or files and folders. A file of that name
     * wins when written
     * with a separator ({@code ./jdk}).
     *
     * @throws TextException if it cannot be found
     */
    static Corpus of(List<String> words) {
        if (words.size() == 1) {
            switch (words.getFirst()) {
                case "shakespeare" -> {
                    return new Shakespeare();
                }
                case "jdk" -> {
                    return Jdk.ofRunningJdk();
                }
                default -> {}
            }
        }
        for (String word : words) {
            if (words.size() > 1 && (word.equals("shakespeare") || word.equals("jdk"))) {
                throw new TextException(
                        "data: " + word + " is a built-in corpus and cannot be mixed with files; give it alone");
            }
        }
        return files(words.stream().map(Path::of).toList());
    }

    /** A text in memory. */
    record Literal(String text) implements Corpus {
        @Override
        public void read(Consumer<String> sink) {
            if (!text.isEmpty()) {
                sink.accept(text);
            }
        }

        @Override
        public String name() {
            return "a text of " + text.length() + " characters";
        }

        @Override
        public List<String> source() {
            return List.of();
        }
    }

    /** Plays of Shakespeare, 1.1 MB, public domain: the field's usual small corpus. Comes with Eva. */
    record Shakespeare() implements Corpus {
        @Override
        public void read(Consumer<String> sink) {
            try (InputStream in = Corpus.class.getResourceAsStream("tinyshakespeare.txt")) {
                Utf8.read(in, "shakespeare", sink);
            } catch (IOException e) {
                throw new TextException("data: cannot read the built-in corpus shakespeare: " + e, e);
            }
        }

        @Override
        public String name() {
            return "shakespeare";
        }

        @Override
        public List<String> source() {
            return List.of("shakespeare");
        }
    }

    /**
     * The Java sources in a JDK's {@code lib/src.zip}, 213 MB in JDK 25, in the order of their names.
     *
     * @param zip the archive
     */
    record Jdk(Path zip) implements Corpus {
        /** The sources of the JDK that runs. */
        public static Jdk ofRunningJdk() {
            Path zip = Path.of(System.getProperty("java.home"), "lib", "src.zip");
            if (!Files.isRegularFile(zip)) {
                throw new TextException("data: jdk: this Java has no sources at " + zip
                        + "; need a full JDK (Debian: package openjdk-25-source; Temurin's archive has them)");
            }
            return new Jdk(zip);
        }

        @Override
        public void read(Consumer<String> sink) {
            try (ZipFile file = new ZipFile(zip.toFile())) {
                List<? extends ZipEntry> sources = file.stream()
                        .filter(e -> !e.isDirectory() && e.getName().endsWith(".java"))
                        .sorted((a, b) -> a.getName().compareTo(b.getName()))
                        .toList();
                for (ZipEntry e : sources) {
                    try (InputStream in = file.getInputStream(e)) {
                        Utf8.read(in, zip + "!" + e.getName(), sink);
                    }
                }
            } catch (IOException e) {
                throw new TextException("data: jdk: cannot read " + zip + ": " + e.getMessage(), e);
            }
        }

        @Override
        public String name() {
            return "jdk";
        }

        @Override
        public List<String> source() {
            return List.of("jdk");
        }
    }
}
