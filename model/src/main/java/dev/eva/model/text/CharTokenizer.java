package dev.eva.model.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;

/** A token a Unicode character (code point): the ids are ranks in the alphabet of the text it was made for. */
public final class CharTokenizer implements Tokenizer {
    static final String TYPE = "char";

    private final int[] alphabet;

    private CharTokenizer(int[] alphabet) {
        this.alphabet = alphabet;
    }

    /**
     * A tokenizer of the given characters.
     *
     * @param alphabet code points, strictly rising
     */
    public static CharTokenizer of(int[] alphabet) {
        if (alphabet.length == 0) {
            throw new TextException("tokenizer: an empty alphabet; need at least one character");
        }
        for (int i = 1; i < alphabet.length; i++) {
            if (alphabet[i] <= alphabet[i - 1]) {
                throw new TextException("tokenizer: the alphabet is not strictly rising at entry " + i);
            }
        }
        return new CharTokenizer(alphabet.clone());
    }

    /** A tokenizer of the characters of {@code text}. */
    public static CharTokenizer of(String text) {
        return of(text.codePoints().sorted().distinct().toArray());
    }

    /** The characters by id. */
    public int[] alphabet() {
        return alphabet.clone();
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public int vocabSize() {
        return alphabet.length;
    }

    @Override
    public int[] encode(String text) {
        int[] ids = new int[text.codePointCount(0, text.length())];
        int n = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int id = Arrays.binarySearch(alphabet, c);
            if (id < 0) {
                throw new TextException(String.format(
                        Locale.ROOT,
                        "encode: the character '%s' (U+%04X) is not among the %d that this model knows: %s",
                        Character.toString(c),
                        c,
                        alphabet.length,
                        known()));
            }
            ids[n++] = id;
            i += Character.charCount(c);
        }
        return ids;
    }

    private String known() {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < Math.min(alphabet.length, 100); i++) {
            if (!Character.isISOControl(alphabet[i])) {
                s.appendCodePoint(alphabet[i]);
            }
        }
        return s.append(alphabet.length > 100 ? " ..." : "").toString().strip();
    }

    @Override
    public StreamDecoder decoder() {
        return new StreamDecoder() {
            @Override
            public String accept(int id) {
                return Character.toString(alphabet[Objects.checkIndex(id, alphabet.length)]);
            }

            @Override
            public String end() {
                return "";
            }
        };
    }

    @Override
    public String fingerprint() {
        StringBuilder s = new StringBuilder(TYPE);
        Arrays.stream(alphabet).forEach(c -> s.append(' ').append(c));
        byte[] digest = CorpusScan.sha256().digest(s.toString().getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(digest);
    }
}
