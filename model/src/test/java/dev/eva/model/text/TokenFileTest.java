package dev.eva.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenFileTest {
    @TempDir
    Path dir;

    private TokenFile open(String text, Tokenizer tokenizer) throws IOException {
        Corpus corpus = new Corpus.Literal(text);
        return TokenFile.open(dir.resolve("tokens.bin"), corpus, CorpusScan.of(corpus), tokenizer);
    }

    @Test
    void holdsTheIdsOfTheText() throws IOException {
        String text = "the quick brown fox ".repeat(5000);
        Tokenizer tokenizer = CharTokenizer.of(text);
        int[] ids = tokenizer.encode(text);
        try (TokenFile file = open(text, tokenizer)) {
            assertThat(file.size()).isEqualTo(ids.length);
            int[] read = new int[ids.length + 1];
            file.read(0, ids.length, read, 1);
            assertThat(IntStream.of(read).skip(1).toArray()).isEqualTo(ids);
            assertThat(file.get(17)).isEqualTo(ids[17]);
            assertThatThrownBy(() -> file.get(ids.length)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThat(dir.resolve("tokens.bin")).hasSize(56 + 2L * ids.length);
    }

    @Test
    void largeVocabulariesTakeFourBytes() throws IOException {
        int[] alphabet = IntStream.concat(IntStream.rangeClosed(0x20, 0xd000), IntStream.range(0xe000, 0x18000))
                .toArray();
        try (TokenFile file = open(Character.toString(0x17fff) + " ", CharTokenizer.of(alphabet))) {
            assertThat(alphabet.length).isGreaterThan(1 << 16);
            assertThat(file.get(0)).isEqualTo(alphabet.length - 1);
            assertThat(file.get(1)).isZero();
        }
        assertThat(dir.resolve("tokens.bin")).hasSize(56 + 8);
    }

    @Test
    void anotherTextOrTokenizerOrABrokenFileIsWrittenAnew() throws IOException {
        Path path = dir.resolve("tokens.bin");
        FileTime old = FileTime.fromMillis(1_000_000);
        open("abab", new ByteTokenizer()).close();
        Files.setLastModifiedTime(path, old);
        open("abab", new ByteTokenizer()).close();
        assertThat(Files.getLastModifiedTime(path)).isEqualTo(old);
        try (TokenFile file = open("abac", new ByteTokenizer())) {
            assertThat(file.get(3)).isEqualTo('c');
        }
        try (TokenFile file = open("abac", CharTokenizer.of("abc"))) {
            assertThat(file.get(3)).isEqualTo(2);
        }
        Files.write(path, java.util.Arrays.copyOf(Files.readAllBytes(path), 60));
        try (TokenFile file = open("abac", CharTokenizer.of("abc"))) {
            assertThat(file.size()).isEqualTo(4);
        }
        Files.write(path, new byte[3]);
        try (TokenFile file = open("abac", CharTokenizer.of("abc"))) {
            assertThat(file.size()).isEqualTo(4);
        }
        assertThat(dir.resolve("tokens.bin.part")).doesNotExist();
    }

    @Test
    void splitTakesTheEndForValidation() throws IOException {
        try (TokenFile file = open("0123456789".repeat(10), new ByteTokenizer())) {
            TokenFile.Split split = file.split(0.1);
            assertThat(split.training().size()).isEqualTo(90);
            assertThat(split.validation().size()).isEqualTo(10);
            int[] ids = new int[3];
            split.validation().read(1, 3, ids, 0);
            assertThat(ids).containsExactly('1', '2', '3');
            assertThatThrownBy(() -> split.validation().read(8, 3, ids, 0))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> file.split(1)).hasMessageContaining("validation share");
        }
    }
}
