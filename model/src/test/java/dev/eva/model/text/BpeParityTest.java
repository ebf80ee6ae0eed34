package dev.eva.model.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eva.model.text.bpe.BpeTokenizer;
import dev.eva.model.text.bpe.BpeTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Eva's byte-level BPE beside Hugging Face's library on the file that Eva writes. */
class BpeParityTest {
    private static final String[] ALPHABET = {
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "a",
        "B",
        "7",
        "\u00bd",
        "'",
        "'s",
        "'LL",
        "'ll",
        ".",
        "-",
        "\u00e9",
        "\u4e2d",
        "\u3000",
        "\u00a0",
        "\u2028",
        "\u0085",
        "\u0301",
        "\ud83d\ude00",
        "\ud835\udc9c",
        "\ud835\udfd8",
        "_",
        "\u0000"
    };

    @TempDir
    private Path dir;

    private static String shakespeare() {
        StringBuilder text = new StringBuilder();
        Corpus.of(List.of("shakespeare")).read(text::append);
        return text.toString();
    }

    private Tokenizer theirs(BpeTokenizer ours) {
        return HfTokenizer.read(dir, ours.json(), JsonMapper.shared().readTree(ours.json()), null);
    }

    @Test
    void aWholeTextHasTheSameIds() throws IOException {
        BpeTokenizer ours = BpeTrainer.train(Corpus.of(List.of("shakespeare")), 1024, BpeTrainer.Progress.NONE);
        assertThat(ours.vocabSize()).isEqualTo(1024);
        Tokenizer theirs = theirs(ours);
        assertThat(theirs.vocabSize()).isEqualTo(1024);
        String text = shakespeare();
        int[] ids = ours.encode(text);
        assertThat(ids).isEqualTo(theirs.encode(text)).hasSizeLessThan(text.length() / 2);
        assertThat(ours.decode(ids)).isEqualTo(text);
        Tokenizers.save(ours, dir);
        Tokenizer again = Tokenizers.load(dir);
        assertThat(again).isInstanceOf(BpeTokenizer.class);
        assertThat(again.fingerprint()).isEqualTo(ours.fingerprint());
        assertThat(again.encode(text)).isEqualTo(ids);
    }

    /** Cuts words where they cut: each character of Unicode among letters, digits, spaces and itself. */
    @Test
    void everyCharacterIsOfTheSameClass() {
        String words = "a ab b 1 12 2 ! !! ! ''\n\n  \n";
        BpeTokenizer ours = BpeTrainer.train(new Corpus.Literal(words.repeat(9)), 300, BpeTrainer.Progress.NONE);
        Tokenizer theirs = theirs(ours);
        StringBuilder text = new StringBuilder();
        List<String> wrong = new ArrayList<>();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            if (Character.getType(c) == Character.SURROGATE || Character.getType(c) == Character.UNASSIGNED) {
                continue;
            }
            String s = Character.toString(c);
            text.append("ab")
                    .append(s)
                    .append("ab 12")
                    .append(s)
                    .append("12  !!")
                    .append(s)
                    .append("!! ")
                    .append(s);
            if (text.length() > 10_000) {
                if (!Arrays.equals(ours.encode(text.toString()), theirs.encode(text.toString()))) {
                    wrong.add(Integer.toHexString(c));
                }
                text.setLength(0);
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void anyTextHasTheSameIds() {
        BpeTokenizer ours = BpeTrainer.train(Corpus.of(List.of("shakespeare")), 600, BpeTrainer.Progress.NONE);
        Tokenizer theirs = theirs(ours);
        SplittableRandom random = new SplittableRandom(1);
        for (int n = 0; n < 3000; n++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(30); i > 0; i--) {
                text.append(ALPHABET[random.nextInt(ALPHABET.length)]);
            }
            assertThat(ours.encode(text.toString())).as("%s", text).isEqualTo(theirs.encode(text.toString()));
            assertThat(ours.decode(ours.encode(text.toString()))).isEqualTo(text.toString());
        }
    }

    @Test
    void theirLibraryStreamsTextOverTokenBorders() throws IOException {
        BpeTokenizer ours = BpeTrainer.train(Corpus.of(List.of("shakespeare")), 300, BpeTrainer.Progress.NONE);
        // Words cut in another way: a file that only their library runs.
        Files.writeString(
                dir.resolve(Tokenizers.FILE), ours.json().replace("\"use_regex\" : true", "\"use_regex\" : false"));
        Tokenizer theirs = Tokenizers.load(dir);
        assertThat(theirs.type()).isEqualTo("huggingface");
        String text = "ROMEO: \u00e9\u4e2d\ud83d\ude00 and more";
        Tokenizer.StreamDecoder decoder = theirs.decoder();
        StringBuilder streamed = new StringBuilder();
        for (int id : theirs.encode(text)) {
            String piece = decoder.accept(id);
            assertThat(piece).doesNotContain("\uFFFD");
            streamed.append(piece);
        }
        assertThat(streamed.append(decoder.end())).hasToString(text);
        int half = theirs.encode("\u4e2d")[0];
        assertThat(decoder.accept(half)).isEmpty();
        assertThat(decoder.end()).isEqualTo("\uFFFD");
        Path copy = Files.createDirectory(dir.resolve("copy"));
        Tokenizers.save(theirs, copy);
        assertThat(Tokenizers.load(copy).fingerprint()).isEqualTo(theirs.fingerprint());
    }
}
