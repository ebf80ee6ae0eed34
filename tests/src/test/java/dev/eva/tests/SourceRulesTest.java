package dev.eva.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The size of files and lines, and words that have no place in a finished source. */
class SourceRulesTest {
    private static final int LINES = 400;
    private static final int COLUMNS = 120;
    private static final List<String> UNFINISHED = List.of("TO" + "DO", "FIX" + "ME", "XX" + "X");

    @Test
    void filesAndLinesAreShort() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path file : sources()) {
            List<String> lines = Files.readAllLines(file);
            String name = root().relativize(file).toString();
            if (lines.size() > LINES) {
                broken.add(name + ": " + lines.size() + " lines, at most " + LINES);
            }
            for (int i = 0; i < lines.size(); i++) {
                if (lines.get(i).length() > COLUMNS) {
                    broken.add(name + ":" + (i + 1) + ": " + lines.get(i).length() + " columns, at most " + COLUMNS);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void nothingIsLeftUnfinished() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path file : sources()) {
            String text = Files.readString(file);
            for (String word : UNFINISHED) {
                if (text.matches("(?s).*\\b" + word + "\\b.*")) {
                    broken.add(root().relativize(file) + ": " + word);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void everyPublicFileStatesItsPurpose() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path file : sources()) {
            String text = Files.readString(file);
            boolean isPublic = text.lines()
                    .anyMatch(l -> l.matches(
                            "public (final |abstract |sealed |non-sealed )*" + "(class|interface|record|enum) .*"));
            if (isPublic && !file.toString().contains("/src/test/") && !text.contains("/**")) {
                broken.add(root().relativize(file) + ": no Javadoc");
            }
        }
        assertThat(broken).isEmpty();
    }

    /** Ops are proved by cases, and a test in their module names those without: {@code OpCheck.withoutCase}. */
    @Test
    void everyModuleWithOpsChecksThatAllHaveCases() throws IOException {
        Set<String> withOps = new TreeSet<>();
        Set<String> checked = new TreeSet<>();
        for (Path file : sources()) {
            String module = root().relativize(file).getName(0).toString();
            String text = Files.readString(file);
            if (file.toString().contains("/src/main/") && text.contains(" implements Op {")) {
                withOps.add(module);
            } else if (file.toString().contains("/src/test/") && text.contains("OpCheck.withoutCase(")) {
                checked.add(module);
            }
        }
        assertThat(withOps).contains("tensor");
        assertThat(checked).containsAll(withOps);
    }

    private static List<Path> sources() throws IOException {
        try (Stream<Path> all = Files.walk(root())) {
            List<Path> found = all.filter(
                            p -> p.toString().endsWith(".java") && !p.toString().contains("/target/"))
                    .toList();
            assertThat(found).hasSizeGreaterThan(100);
            return found;
        }
    }

    private static Path root() {
        return Path.of(System.getProperty("eva.root"));
    }
}
