package dev.eva.model.generate;

import java.util.Arrays;
import java.util.Set;

/** One text being continued: its tokens, its draws, and how it ended. */
final class Continuation {
    private final int promptTokens;
    private final Draws draws;
    private final int[] text;
    private int length;
    private int windows;
    private Generator.End end;

    Continuation(int[] prompt, int maxTokens, Draws draws) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("generate: the prompt has no tokens; need at least one");
        }
        this.promptTokens = prompt.length;
        this.draws = draws;
        this.text = Arrays.copyOf(prompt, Math.addExact(prompt.length, maxTokens));
        this.length = prompt.length;
        draws.see(prompt);
    }

    Draws draws() {
        return draws;
    }

    /** The tokens so far, with room for all that may come. */
    int[] text() {
        return text;
    }

    int length() {
        return length;
    }

    /** Tokens that may still come. */
    int room() {
        return text.length - length;
    }

    int last() {
        return text[length - 1];
    }

    boolean ended() {
        return end != null;
    }

    /** Takes the next token; whether the text goes on is seen in {@link #ended()}. */
    void add(int token, Set<Integer> endIds, Generator.Listener listener, int index) {
        text[length++] = token;
        if (endIds.contains(token)) {
            end = Generator.End.END_OF_TEXT;
        } else if (!listener.token(index, token)) {
            end = Generator.End.STOPPED;
        } else if (room() == 0) {
            end = Generator.End.MAX_TOKENS;
        }
    }

    /** The context is full: the tokens to go on from, its last half. */
    int[] nextWindow(int limit) {
        windows++;
        return Arrays.copyOfRange(text, length - Math.max(1, limit / 2), length);
    }

    Generator.Result result(Speculation.Count speculation, double prefillSeconds, double decodeSeconds) {
        return new Generator.Result(
                end,
                promptTokens,
                length - promptTokens,
                windows,
                speculation.proposed(),
                speculation.accepted(),
                prefillSeconds,
                decodeSeconds);
    }
}
