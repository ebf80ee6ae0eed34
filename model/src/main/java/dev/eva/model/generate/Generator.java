package dev.eva.model.generate;

import dev.eva.model.DeepSeekModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Continues prompts token by token.
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
        /** A token that ends a text. */
        END_OF_TEXT,
        /** The listener said so: a stop string, an interrupt. */
        STOPPED
    }

    /**
     * What is the same for all prompts.
     *
     * @param endIds tokens that end a text; they count as generated but do not reach the listener
     * @param speculative whether the model's multi-token prediction layers propose tokens, which the model confirms
     *     several at a time: the same greedy text, draws from the same distribution
     * @param prefillChunk tokens of a prompt that go through the model at once
     * @param cache how what was read is stored
     */
    public record Options(Set<Integer> endIds, boolean speculative, int prefillChunk, CacheFormat cache) {
        /** Nothing ends a text before its length; float32. */
        public static final Options PLAIN = new Options(Set.of(), false, Decoder.CHUNK, CacheFormat.F32);

        public Options {
            endIds = Set.copyOf(endIds);
        }
    }

    /** Takes tokens as they come. */
    @FunctionalInterface
    public interface Listener {
        /**
         * @param prompt index of the prompt
         * @return false to end the text after it
         */
        boolean token(int prompt, int id);
    }

    /**
     * What happened to a prompt.
     *
     * @param promptTokens tokens of the prompt
     * @param tokens tokens generated
     * @param windows how often the context was full and the text went on from its last half
     * @param proposed tokens that multi-token prediction proposed
     * @param accepted those of them that the model confirmed
     * @param prefillSeconds time until the logits of the first token were there
     * @param decodeSeconds time for the rest, of all prompts that were continued together
     */
    public record Result(
            End end,
            int promptTokens,
            int tokens,
            int windows,
            int proposed,
            int accepted,
            double prefillSeconds,
            double decodeSeconds) {}

    private final Sampling sampling;
    private final Options options;
    private final Decoder decoder;
    private final int vocab;

    public Generator(DeepSeekModel model, Sampling sampling) {
        this(model, sampling, Options.PLAIN);
    }

    /**
     * @throws IllegalArgumentException for speculative decoding with a model that has no multi-token prediction layer
     */
    public Generator(DeepSeekModel model, Sampling sampling, Options options) {
        this.sampling = sampling;
        this.options = options;
        this.decoder = new Decoder(model, options.prefillChunk(), options.cache());
        this.vocab = model.config().vocabSize();
    }

    /**
     * Generates up to {@code maxTokens} tokens after {@code prompt}.
     *
     * @param random source of all randomness: the same state gives the same text
     * @param goOn takes each token as it comes; false ends the text after it
     */
    public Result generate(int[] prompt, int maxTokens, RandomGenerator random, IntPredicate goOn) {
        return generate(List.of(prompt), maxTokens, i -> random, (i, id) -> goOn.test(id))
                .getFirst();
    }

    /**
     * Continues prompts of any lengths, up to {@link Decoder#FEW} together: a pass over the weights serves all of them,
     * and each gets the text that it would get alone.
     *
     * @param random source of all randomness of each prompt
     * @return what happened to each
     */
    public List<Result> generate(
            List<int[]> prompts, int maxTokens, IntFunction<RandomGenerator> random, Listener listener) {
        List<Result> results = new ArrayList<>();
        int together = options.speculative() ? 1 : Decoder.FEW;
        for (int from = 0; from < prompts.size(); from += together) {
            int first = from;
            List<Continuation> texts = IntStream.range(from, Math.min(from + together, prompts.size()))
                    .mapToObj(i ->
                            new Continuation(prompts.get(i), maxTokens, new Draws(sampling, random.apply(i), vocab)))
                    .toList();
            results.addAll(continueAll(texts, (i, id) -> listener.token(first + i, id)));
        }
        return results;
    }

    /** Bytes that the caches of all layers need for a token. */
    public int cacheBytesAToken() {
        return decoder.begin().bytesAToken();
    }

    private List<Result> continueAll(List<Continuation> texts, Listener listener) {
        return options.speculative()
                ? List.of(new Speculation(decoder, options.endIds()).continueText(texts.getFirst(), listener))
                : new PlainDecoding(decoder, options.endIds()).continueAll(texts, listener);
    }
}
