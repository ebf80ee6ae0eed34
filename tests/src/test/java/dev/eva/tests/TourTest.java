package dev.eva.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Every file that the tour through the source names is there; one without a folder lies beside the last with one. */
class TourTest {
    private static final Path ROOT = Path.of(System.getProperty("eva.root"));
    private static final Pattern FILE = Pattern.compile("`([\\w./-]+\\.java)`");
    private static final Pattern LINK = Pattern.compile("]\\(([^)]+\\.md)\\)");

    @Test
    void namesFilesThatExist() throws Exception {
        List<Path> named = files(Files.readString(ROOT.resolve("docs/tour.md")));
        assertThat(named).hasSizeGreaterThan(40).allSatisfy(f -> assertThat(f).isRegularFile());
    }

    @Test
    void linksLead() throws Exception {
        Matcher link = LINK.matcher(Files.readString(ROOT.resolve("docs/tour.md")));
        List<String> broken = new ArrayList<>();
        while (link.find()) {
            if (!Files.exists(ROOT.resolve("docs").resolve(link.group(1)))) {
                broken.add(link.group(1));
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void wouldNoticeAMissingFile() {
        Path missing = files("`tensor/src/main/java/dev/eva/tensor/Tensor.java` and `Tensro.java`")
                .getLast();
        assertThat(missing).doesNotExist().hasFileName("Tensro.java");
    }

    private static List<Path> files(String text) {
        List<Path> files = new ArrayList<>();
        Path folder = ROOT;
        Matcher name = FILE.matcher(text);
        while (name.find()) {
            String file = name.group(1);
            Path path = file.contains("/src/") ? ROOT.resolve(file) : folder.resolve(file);
            if (file.contains("/src/")) {
                folder = path.getParent();
            }
            files.add(path);
        }
        return files;
    }
}
