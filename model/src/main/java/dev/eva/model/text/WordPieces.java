package dev.eva.model.text;

import java.util.function.Consumer;

/**
 * A corpus in pieces that end where a letter or digit stands before a space or line feed. No tokenizer that cuts words
 * at spaces has a token over such a border, so the tokens of the pieces are those of the whole text.
 */
public final class WordPieces {
    /** Text without such a border is cut after this many characters. */
    private static final int LONGEST = 1 << 22;

    private final Consumer<String> sink;
    private final StringBuilder held = new StringBuilder();

    private WordPieces(Consumer<String> sink) {
        this.sink = sink;
    }

    /** Hands over the whole corpus. */
    public static void read(Corpus corpus, Consumer<String> sink) {
        WordPieces pieces = new WordPieces(sink);
        corpus.read(pieces::accept);
        if (!pieces.held.isEmpty()) {
            sink.accept(pieces.held.toString());
        }
    }

    private void accept(String piece) {
        // The border between what is held and the piece is one, too.
        int from = Math.max(1, held.length());
        held.append(piece);
        for (int i = held.length() - 1; i >= from; i--) {
            if (isBorder(held.charAt(i - 1), held.charAt(i))) {
                cut(i);
                return;
            }
        }
        if (held.length() > LONGEST) {
            cut(held.length());
        }
    }

    private void cut(int at) {
        sink.accept(held.substring(0, at));
        held.delete(0, at);
    }

    private static boolean isBorder(char before, char after) {
        return (after == ' ' || after == '\n') && Character.isLetterOrDigit(before);
    }
}
