package dev.eva.model.generate;

import dev.eva.model.DeepSeekModel;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/**
 * Continues a prompt token by token.
 *
 * <p>A model knows no positions beyond its {@code max_position_embeddings}. When they are used up, the text goes on
 * from the last half of them, taken as a new beginning: a small model writes texts of any length, at the price of
 * what it forgets.
 */
public final class Generator {
    /** Why a continuation ended. */
    public enum End {
        /** As many tokens as were asked for. */
        MAX_TOKENS,
        /** The listener said so: an end-of-text token, a stop string, an interrupt. */
        STOPPED
    }

    /**
     * What happened.
     *
     * @param promptTokens tokens of the prompt
     * @param tokens tokens generated
     * @param windows how often the context was full and the text went on from its last half
     * @param prefillSeconds time until the logits of the first token were there
     * @param decodeSeconds time for the rest
     */
    public record Result(
            End end, int promptTokens, int tokens, int windows, double prefillSeconds, double decodeSeconds) {}

    private final DeepSeekModel model;
    private final Sampling sampling;

    public Generator(DeepSeekModel model, Sampling sampling) {
        this.model = model;
        this.sampling = sampling;
    }

    /**
     * Generates up to {@code maxTokens} tokens after {@code prompt}.
     *
     * @param random source of all randomness: the same state gives the same text
     * @param goOn takes each token as it comes; false ends the text after it
     */
    public Result generate(int[] prompt, int maxTokens, RandomGenerator random, IntPredicate goOn) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("generate: the prompt has no tokens; need at least one");
        }
        long begin = System.nanoTime();
        DecodeSession session = new DecodeSession(model);
        int limit = session.remaining();
        int[] text = Arrays.copyOf(prompt, Math.addExact(prompt.length, maxTokens));
        float[] logits = session.accept(prompt);
        long prefilled = System.nanoTime();
        int length = prompt.length;
        int windows = 0;
        End end = End.MAX_TOKENS;
        for (int n = 1; n <= maxTokens; n++) {
            int token = sampling.sample(logits, 0, logits.length, random);
            text[length++] = token;
            if (!goOn.test(token)) {
                end = End.STOPPED;
                break;
            }
            if (n == maxTokens) {
                break;
            }
            if (session.remaining() > 0) {
                logits = session.accept(token);
            } else {
                session.restart();
                logits = session.accept(Arrays.copyOfRange(text, length - Math.max(1, limit / 2), length));
                windows++;
            }
        }
        double prefillSeconds = (prefilled - begin) * 1e-9;
        double decodeSeconds = (System.nanoTime() - prefilled) * 1e-9;
        return new Result(end, prompt.length, length - prompt.length, windows, prefillSeconds, decodeSeconds);
    }
}
