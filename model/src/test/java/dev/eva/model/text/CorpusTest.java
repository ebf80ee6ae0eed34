package dev.eva.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
    @TempDir
    Path dir;

    private static String text(Corpus corpus) {
        StringBuilder s = new StringBuilder();
        corpus.read(s::append);
        return s.toString();
    }

    private Corpus of(String... names) {
        return Corpus.of(
                Arrays.stream(names).map(n -> dir.resolve(n).toString()).toList());
    }

    @Test
    void shakespeareComesWithTheJar() {
        CorpusScan scan = CorpusScan.of(Corpus.of(List.of("shakespeare")));
        assertThat(scan.characters()).isEqualTo(1_115_394);
        assertThat(scan.alphabet()).hasSize(65);
    }

    @Test
    void jdkReadsEverySourceOfAnArchiveInOrder() throws IOException {
        Path zip = dir.resolve("src.zip");
        try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (String name : List.of("b/B.java", "readme.txt", "a/A.java")) {
                out.putNextEntry(new ZipEntry(name));
                out.write(("class of " + name).getBytes(StandardCharsets.UTF_8));
            }
        }
        assertThat(text(new Corpus.Jdk(zip))).isEqualTo("class of a/A.java\nclass of b/B.java\n");
    }

    @Test
    void foldersAreReadInOrderWithoutHiddenAndBinaryFiles() throws IOException {
        Files.createDirectories(dir.resolve("d/sub/.git"));
        Files.writeString(dir.resolve("d/b.txt"), "second");
        Files.writeString(dir.resolve("d/a.txt"), "first\n");
        Files.writeString(dir.resolve("d/sub/c.md"), "third");
        Files.writeString(dir.resolve("d/sub/.git/config"), "hidden");
        Files.write(dir.resolve("d/image.png"), new byte[] {1, 0, 2});
        Corpus corpus = of("d");
        assertThat(text(corpus)).isEqualTo("first\nsecond\nthird\n");
        assertThat(corpus.notices()).singleElement().asString().contains("1 files");
    }

    @Test
    void jsonLinesGiveTheirTexts() throws IOException {
        Files.writeString(dir.resolve("x.jsonl"), "{\"text\": \"a\\nb\"}\n\n{\"id\": 3, \"text\": \"\\u00e9\\n\"}\n");
        assertThat(text(of("x.jsonl"))).isEqualTo("a\nb\n\u00e9\n");
    }

    @Test
    void piecesAndTheirBordersDoNotMatter() throws IOException {
        String text = "\u00e9\u20ac\ud83d\ude00x".repeat(40_000);
        Files.writeString(dir.resolve("big.txt"), "\ufeff" + text);
        Corpus corpus = of("big.txt");
        assertThat(text(corpus)).isEqualTo(text + "\n");
        corpus.read(piece -> assertThat(Character.isHighSurrogate(piece.charAt(piece.length() - 1)))
                .isFalse());
    }

    @Test
    void badTextIsOneClearLine() throws IOException {
        Files.write(dir.resolve("latin1.txt"), "caf\u00e9 au lait".getBytes(StandardCharsets.ISO_8859_1));
        Files.write(dir.resolve("cut.txt"), Arrays.copyOf("abc\u20ac".getBytes(StandardCharsets.UTF_8), 5));
        Files.writeString(dir.resolve("bad.jsonl"), "{\"text\": \"a\"}\n{\"text\": 3}\n");
        Files.writeString(dir.resolve("worse.jsonl"), "{\"text\": \"a\"}\n{text");
        Files.writeString(dir.resolve("empty.txt"), "");
        Files.createDirectories(dir.resolve("folder"));
        check("latin1.txt: not UTF-8: bad byte at offset 3", "latin1.txt");
        check("cut.txt: not UTF-8: bad byte at offset 3", "cut.txt");
        check("bad.jsonl line 2: has no string \"text\"", "bad.jsonl");
        check("worse.jsonl line 2: not JSON", "worse.jsonl");
        check("no text in it", "empty.txt");
        check("folder: a folder without text files", "folder");
        check("missing.txt: no such file or folder", "missing.txt");
        assertThatThrownBy(() -> Corpus.of(List.of("jdk", "a.txt"))).hasMessageContaining("cannot be mixed");
        assertThatThrownBy(() -> Corpus.of(List.of())).hasMessageContaining("no files given");
    }

    private void check(String message, String file) {
        assertThatThrownBy(() -> CorpusScan.of(of(file)))
                .isInstanceOf(TextException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }
}
