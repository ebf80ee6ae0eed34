package dev.eva.model.text;

import java.util.Arrays;

/** Text to token ids and back. Immutable, for use by any number of threads; {@link Tokenizers} writes and reads it. */
public interface Tokenizer {
    /** Word for it: {@code char}, {@code byte}, {@code bpe}, {@code huggingface}. */
    String type();

    /** Number of ids V; ids are {@code 0 .. V-1}. */
    int vocabSize();

    /**
     * Ids of the text.
     *
     * @throws TextException if it holds what the tokenizer cannot express, naming it
     */
    int[] encode(String text);

    /** Tokens that mark the ends of a text. */
    default SpecialTokens special() {
        return SpecialTokens.NONE;
    }

    /**
     * Ids of a text that a model is to continue: with the token before it that the tokenizer's configuration asks for.
     */
    default int[] encodePrompt(String text) {
        String begin = special().addBegin() ? special().begin().orElse("") : "";
        return encode(text.startsWith(begin) ? text : begin + text);
    }

    /** A decoder for ids that come one by one. */
    StreamDecoder decoder();

    /** A hash of everything that ids depend on: two tokenizers with the same one encode alike. */
    String fingerprint();

    /** Text of the ids. */
    default String decode(int... ids) {
        StreamDecoder decoder = decoder();
        StringBuilder s = new StringBuilder();
        Arrays.stream(ids).forEach(id -> s.append(decoder.accept(id)));
        return s.append(decoder.end()).toString();
    }

    /** Turns ids into text as they come, holding back what is not yet a whole character. */
    interface StreamDecoder {
        /** The text that this id completes; may be empty. */
        String accept(int id);

        /** What was held back and will not be completed, as replacement characters. */
        String end();
    }
}
