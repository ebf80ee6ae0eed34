package dev.eva.model.text.bpe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eva.model.text.Corpus;
import dev.eva.model.text.TextException;
import dev.eva.model.text.WordPieces;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {
    private static BpeTokenizer train(String text, int vocabSize) {
        return BpeTrainer.train(new Corpus.Literal(text), vocabSize, BpeTrainer.Progress.NONE);
    }

    /** Few letters, so that pairs overlap, tie and are made in several ways. */
    private static String text(long seed, int length) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append("aaabbcd  \n".charAt(random.nextInt(10)));
        }
        return text.toString();
    }

    /** The definition: count all pairs of all words anew for each merge. */
    private static BpeVocabulary reference(String text, int vocabSize) {
        BpeVocabulary v = BpeVocabulary.ofBytes();
        List<List<Integer>> words = new ArrayList<>();
        char[] chars = text.toCharArray();
        for (int i = 0, end; i < chars.length; i = end) {
            end = WordScanner.end(chars, i, chars.length);
            List<Integer> word = new ArrayList<>();
            for (byte b : new String(chars, i, end - i).getBytes(StandardCharsets.UTF_8)) {
                word.add(v.id(b));
            }
            words.add(word);
        }
        while (v.size() < vocabSize) {
            Map<Long, Integer> counts = new TreeMap<>();
            words.forEach(w -> {
                for (int i = 1; i < w.size(); i++) {
                    counts.merge(PairMap.pair(w.get(i - 1), w.get(i)), 1, Integer::sum);
                }
            });
            // The first of the largest: the tree is in the order of the pairs.
            long best = -1;
            int most = 1;
            for (var e : counts.entrySet()) {
                if (e.getValue() > most) {
                    best = e.getKey();
                    most = e.getValue();
                }
            }
            if (best < 0) {
                break;
            }
            int left = PairMap.left(best);
            int right = PairMap.right(best);
            int made = v.merge(left, right);
            for (List<Integer> w : words) {
                for (int i = 0; i + 1 < w.size(); i++) {
                    if (w.get(i) == left && w.get(i + 1) == right) {
                        w.set(i, made);
                        w.remove(i + 1);
                    }
                }
            }
        }
        return v;
    }

    @Test
    void agreesWithCountingAnewForEachMerge() {
        for (int seed = 0; seed < 20; seed++) {
            String text = text(seed, 300 + 100 * seed);
            assertThat(train(text, 330).fingerprint()).isEqualTo(new BpeTokenizer(reference(text, 330)).fingerprint());
        }
    }

    @Test
    void endsWhereNoPairOccursTwice() {
        BpeTokenizer t = train("abab ab", 1000);
        assertThat(t.merges()).isEqualTo(1);
        assertThat(t.decode(t.encode("abc"))).isEqualTo("abc");
        assertThat(t.encode("ab")).hasSize(1);
        assertThatThrownBy(() -> train("", 300))
                .isInstanceOf(TextException.class)
                .hasMessageContaining("no text");
        assertThatThrownBy(() -> train("ab", 255)).hasMessageContaining("255");
    }

    @Test
    void wordsAreThoseOfGpt2() {
        assertThat(words("I'll've 'sit don'T  go\n\n  12ab!?\u00a0 \t x  "))
                .containsExactly(
                        "I",
                        "'ll",
                        "'ve",
                        " '",
                        "sit",
                        " don",
                        "'",
                        "T",
                        " ",
                        " go",
                        "\n\n ",
                        " 12",
                        "ab",
                        "!?",
                        "\u00a0 \t",
                        " x",
                        "  ");
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        char[] chars = text.toCharArray();
        for (int i = 0, end; i < chars.length; i = end) {
            end = WordScanner.end(chars, i, chars.length);
            words.add(new String(chars, i, end - i));
        }
        return words;
    }

    @Test
    void piecesHaveTheTokensOfTheWhole() {
        StringBuilder whole = new StringBuilder();
        Corpus shakespeare = Corpus.of(List.of("shakespeare"));
        shakespeare.read(whole::append);
        BpeTokenizer t = train(whole.toString(), 500);
        List<int[]> pieces = new ArrayList<>();
        WordPieces.read(shakespeare, piece -> pieces.add(t.encode(piece)));
        assertThat(pieces).hasSizeGreaterThan(10);
        assertThat(pieces.stream().flatMapToInt(Arrays::stream).toArray()).isEqualTo(t.encode(whole.toString()));
    }

    @Test
    void aWordOfAHundredThousandLettersIsNoTrouble() {
        String text = "ab".repeat(50_000);
        BpeTokenizer t = train(text, 280);
        assertThat(t.decode(t.encode(text))).isEqualTo(text);
        assertThat(t.encode(text)).hasSizeLessThan(100);
    }

    @Test
    void halfASurrogatePairIsSaidSo() {
        assertThatThrownBy(() -> train("aa aa", 257).encode("a\ud83d"))
                .isInstanceOf(TextException.class)
                .hasMessageContaining("surrogate");
    }
}
