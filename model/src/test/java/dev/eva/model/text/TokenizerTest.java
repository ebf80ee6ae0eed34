package dev.eva.model.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
    private static final String TEXT = "To be, or not: \u00e9\u20ac \ud83d\ude00\n\"\\";

    @TempDir
    Path dir;

    private static List<Tokenizer> tokenizers() {
        return List.of(CharTokenizer.of(TEXT), new ByteTokenizer());
    }

    @Test
    void decodeInvertsEncode() {
        for (Tokenizer t : tokenizers()) {
            int[] ids = t.encode(TEXT);
            assertThat(t.decode(ids)).isEqualTo(TEXT);
            assertThat(Arrays.stream(ids).allMatch(id -> id >= 0 && id < t.vocabSize()))
                    .isTrue();
        }
        assertThat(CharTokenizer.of("cab").encode("abc")).containsExactly(0, 1, 2);
        assertThat(new ByteTokenizer().encode("\u00e9")).containsExactly(0xc3, 0xa9);
    }

    @Test
    void bytesComeOutAsWholeCharacters() {
        Tokenizer t = new ByteTokenizer();
        Tokenizer.StreamDecoder decoder = t.decoder();
        List<String> pieces = new ArrayList<>();
        for (int id : t.encode("a\u20ac\ud83d\ude00")) {
            pieces.add(decoder.accept(id));
        }
        assertThat(pieces).containsExactly("a", "", "", "\u20ac", "", "", "", "\ud83d\ude00");
    }

    @Test
    void brokenBytesBecomeReplacementCharacters() {
        Tokenizer t = new ByteTokenizer();
        assertThat(t.decode(0xff, 'a', 0xe2, 'b')).isEqualTo("\ufffda\ufffdb");
        assertThat(t.decode('a', 0xe2, 0x82)).isEqualTo("a\ufffd");
        assertThat(t.decode(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).isEqualTo("\ufffd".repeat(6));
    }

    @Test
    void whatCannotBeEncodedIsNamed() {
        assertThatThrownBy(() -> CharTokenizer.of("abc\n").encode("ab?"))
                .isInstanceOf(TextException.class)
                .hasMessageContaining("'?' (U+003F) is not among the 4 that this model knows: abc");
        assertThatThrownBy(() -> new ByteTokenizer().encode("\ud83d")).hasMessageContaining("surrogate");
        assertThatThrownBy(() -> CharTokenizer.of("")).hasMessageContaining("empty alphabet");
    }

    @Test
    void fileKeepsTheTokenizer() throws IOException {
        for (Tokenizer t : tokenizers()) {
            Tokenizers.save(t, dir);
            Tokenizer again = Tokenizers.load(dir);
            assertThat(again.type()).isEqualTo(t.type());
            assertThat(again.fingerprint()).isEqualTo(t.fingerprint());
            assertThat(again.encode(TEXT)).isEqualTo(t.encode(TEXT));
        }
        assertThat(CharTokenizer.of("ab").fingerprint())
                .isNotEqualTo(CharTokenizer.of("ac").fingerprint());
    }

    @Test
    void badFilesAreOneClearLine() throws IOException {
        assertThatThrownBy(() -> Tokenizers.load(dir)).hasMessageContaining("no such file");
        for (var bad : List.of(
                List.of("{", "not JSON"),
                List.of("{\"type\": \"bpe\"}", "unknown type \"bpe\"; need char or byte"),
                List.of("{\"type\": \"char\", \"vocab\": [\"ab\"]}", "vocab entry 0"),
                List.of("{\"type\": \"char\", \"vocab\": [\"b\", \"a\"]}", "not strictly rising"),
                List.of("{\"type\": \"char\"}", "empty alphabet"))) {
            Files.writeString(dir.resolve(Tokenizers.FILE), bad.getFirst());
            assertThatThrownBy(() -> Tokenizers.load(dir))
                    .isInstanceOf(TextException.class)
                    .hasMessageContaining(bad.getLast())
                    .hasMessageNotContaining("\n");
        }
    }
}
