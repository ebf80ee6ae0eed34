package dev.eva.model.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.text.ByteTokenizer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextStreamTest {
    private static final ByteTokenizer BYTES = new ByteTokenizer();

    private static List<String> pieces(String text, boolean skipBlank, String... stops) {
        TextStream stream = new TextStream(BYTES.decoder(), List.of(stops), skipBlank);
        List<String> pieces = new ArrayList<>();
        for (int id : BYTES.encode(text)) {
            pieces.add(stream.accept(id));
        }
        pieces.add(stream.end());
        pieces.removeIf(String::isEmpty);
        return pieces;
    }

    @Test
    void theTextEndsWhereAStopStringBegins() {
        assertThat(String.join("", pieces("one two three", false, "two"))).isEqualTo("one ");
        assertThat(String.join("", pieces("one two three", false, "three", "ne")))
                .isEqualTo("o");
        assertThat(String.join("", pieces("aabaabaac", false, "aabaac"))).isEqualTo("aab");
        assertThat(String.join("", pieces("nothing", false, "none"))).isEqualTo("nothing");
    }

    @Test
    void whatMayBecomeAStopStringWaits() {
        assertThat(pieces("abxabc", false, "abc")).containsExactly("abx");
        assertThat(pieces("abxab", false, "abc")).containsExactly("abx", "ab");
    }

    @Test
    void charactersAppearWhole() {
        assertThat(pieces("a\u20acb", false)).containsExactly("a", "\u20ac", "b");
        assertThat(pieces("x\u20ac", false, "\u20ac")).containsExactly("x");
    }

    @Test
    void blankAtTheBeginningIsLeftOutOnlyWhereAsked() {
        assertThat(pieces("\n\n a\n\nb", true, "\n\n")).containsExactly("a");
        assertThat(pieces("\n\n a", false, "\n\n")).isEmpty();
    }

    @Test
    void anEmptyStopStringIsRefused() {
        assertThatThrownBy(() -> pieces("a", false, "")).hasMessageContaining("stop: an empty string");
    }
}
