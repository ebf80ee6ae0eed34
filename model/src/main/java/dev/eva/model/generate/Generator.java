package dev.eva.model.generate;

import dev.eva.model.DeepSeekModel;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/** Continues a prompt token by token. */
public final class Generator {
    /** Why a continuation ended. */
    public enum End {
        /** As many tokens as were asked for. */
        MAX_TOKENS,
        /** The listener said so: an end-of-text token, a stop string, an interrupt. */
        STOPPED,
        /** The model's context is full. */
        CONTEXT_FULL
    }

    /**
     * What happened.
     *
     * @param promptTokens tokens of the prompt
     * @param tokens tokens generated
     * @param prefillSeconds time until the logits of the first token were there
     * @param decodeSeconds time for the rest
     */
    public record Result(End end, int promptTokens, int tokens, double prefillSeconds, double decodeSeconds) {}

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
        float[] logits = session.accept(prompt);
        long prefilled = System.nanoTime();
        End end = End.MAX_TOKENS;
        int n = 0;
        while (n < maxTokens) {
            int token = sampling.sample(logits, 0, logits.length, random);
            n++;
            if (!goOn.test(token)) {
                end = End.STOPPED;
                break;
            }
            if (n < maxTokens) {
                if (session.remaining() == 0) {
                    end = End.CONTEXT_FULL;
                    break;
                }
                logits = session.accept(token);
            }
        }
        return new Result(end, prompt.length, n, (prefilled - begin) * 1e-9, (System.nanoTime() - prefilled) * 1e-9);
    }
}
