package dev.eva.model.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A token a byte of UTF-8: 256 ids, any text. Further ids, which a model may have, are in no text and decode to their
 * number: {@code <|300|>}.
 */
public final class ByteTokenizer implements Tokenizer {
    static final String TYPE = "byte";
    static final int BYTES = ByteSymbols.BYTES;

    private final int vocabSize;

    /** A tokenizer of 256 ids. */
    public ByteTokenizer() {
        this(BYTES);
    }

    /** A tokenizer of 256 ids or more. */
    public ByteTokenizer(int vocabSize) {
        if (vocabSize < BYTES) {
            throw new TextException("tokenizer: " + vocabSize + " ids for bytes; need at least " + BYTES);
        }
        this.vocabSize = vocabSize;
    }

    /** What an id that is no byte decodes to. */
    static String beyond(int id) {
        return "<|" + id + "|>";
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public int[] encode(String text) {
        ByteBuffer utf8;
        try {
            utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new TextException("encode: the text holds half of a surrogate pair, which UTF-8 cannot express", e);
        }
        int[] ids = new int[utf8.remaining()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = utf8.get(i) & 0xff;
        }
        return ids;
    }

    @Override
    public StreamDecoder decoder() {
        return new Bytes(vocabSize);
    }

    @Override
    public String fingerprint() {
        return vocabSize == BYTES ? TYPE : TYPE + " " + vocabSize;
    }

    /** Decodes bytes as they come. */
    private static final class Bytes implements StreamDecoder {
        private final Utf8Stream utf8 = new Utf8Stream();
        private final int vocabSize;

        private Bytes(int vocabSize) {
            this.vocabSize = vocabSize;
        }

        @Override
        public String accept(int id) {
            if (Objects.checkIndex(id, vocabSize) >= BYTES) {
                return end() + beyond(id);
            }
            return utf8.accept((byte) id);
        }

        @Override
        public String end() {
            return utf8.end();
        }
    }
}
