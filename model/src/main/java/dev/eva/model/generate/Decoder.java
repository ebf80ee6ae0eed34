package dev.eva.model.generate;

import dev.eva.mla.MlaInference;
import dev.eva.mla.NewTokens;
import dev.eva.model.DeepSeekModel;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * A model that continues sequences: what it has read of each lies in the sequence's latent caches, one row of
 * {@code kvLoraRank + qkRopeHeadDim} values a token and layer.
 *
 * <p>Up to {@link #FEW} tokens a pass get the same bits as if each came alone, however many sequences they belong to.
 * Not for use by several threads.
 */
public final class Decoder {
    /** Tokens up to which a pass is no different from as many passes of one token. */
    public static final int FEW = 8;
    /**
     * Tokens of a prompt that go through the model at once: enough for full products, few enough for their activations
     * to stay small.
     */
    public static final int CHUNK = 256;

    private final DeepSeekModel model;
    private final int chunk;
    private final CacheFormat cacheFormat;
    private final List<MlaInference> attention;
    /** Attention of each layer to the tokens of {@link #reading}. */
    private final DeepSeekModel.AttentionForm form;

    private final Workspace workspace = Workspace.reusing();
    private Sequence reading;
    private IntTensor input;
    private int position;

    /** Looks at what a pass gave, while its memory lives. */
    @FunctionalInterface
    interface Look {
        /**
         * @param x (M, D), the residual stream after the last layer
         */
        void at(Tensor x);
    }

    private static final Look NO_LOOK = x -> {};

    /** With prompts in chunks of {@link #CHUNK}. */
    public Decoder(DeepSeekModel model) {
        this(model, CHUNK, CacheFormat.F32);
    }

    /**
     * @param chunk tokens of a prompt that go through the model at once; decides speed and memory
     */
    public Decoder(DeepSeekModel model, int chunk, CacheFormat cacheFormat) {
        if (chunk < 1) {
            throw new IllegalArgumentException("prefill-chunk: " + chunk + "; need at least 1");
        }
        this.model = model;
        this.chunk = chunk;
        this.cacheFormat = cacheFormat;
        this.attention =
                model.layers().stream().map(l -> new MlaInference(l.attn())).toList();
        List<UnaryOperator<Tensor>> forms = IntStream.range(0, attention.size())
                .<UnaryOperator<Tensor>>mapToObj(l -> h -> attention.get(l).forward(h, reading.cache(l), position))
                .toList();
        this.form = forms::get;
    }

    public DeepSeekModel model() {
        return model;
    }

    /** Tokens of a prompt that go through the model at once. */
    int chunk() {
        return chunk;
    }

    /** An empty sequence. */
    public Sequence begin() {
        int limit = model.config().maxPositionEmbeddings();
        return new Sequence(IntStream.range(0, attention.size())
                .mapToObj(l -> cacheFormat.cache(model.config().mla(), limit))
                .toList());
    }

    /**
     * Takes more tokens of a sequence, in chunks, and writes the logits that follow the last of them.
     *
     * @param logits V values, overwritten
     * @throws IllegalArgumentException if there are no ids or they do not fit in the context
     */
    public void accept(Sequence sequence, float[] logits, int... ids) {
        accept(sequence, logits, NO_LOOK, ids);
    }

    /** The same, with something that looks at the residual stream of each chunk. */
    void accept(Sequence sequence, float[] logits, Look look, int... ids) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("decode: no tokens; need at least one");
        }
        checkRoom(sequence, ids.length);
        for (int from = 0; from < ids.length; from += chunk) {
            int to = Math.min(from + chunk, ids.length);
            int[] some = to - from == ids.length ? ids : Arrays.copyOfRange(ids, from, to);
            reading = sequence;
            position = sequence.position();
            try (Workspace.Scope step = workspace.open()) {
                if (input == null || input.array() != some) {
                    input = new IntTensor(some, Shape.of(1, some.length));
                }
                Tensor x = model.hidden(input, form);
                look.at(x);
                if (to == ids.length) {
                    copyLogits(x.slice(x.dim(0) - 1, x.dim(0)), logits);
                }
            }
        }
    }

    /**
     * Takes {@code counts[i]} tokens of each sequence in one pass and writes the logits that follow every one of them.
     *
     * @param ids of the first sequence first, at least one for each
     * @param logits (M, V) row by row, M the number of ids
     */
    void acceptEach(List<Sequence> sequences, int[] counts, int[] ids, float[] logits, Look look) {
        for (int i = 0; i < counts.length; i++) {
            checkRoom(sequences.get(i), counts[i]);
        }
        try (Workspace.Scope step = workspace.open()) {
            Tensor x = model.hidden(
                    IntTensor.of(ids, 1, ids.length),
                    l -> h -> attention.get(l).forward(h, newTokens(sequences, counts, l)));
            look.at(x);
            copyLogits(x, logits);
        }
    }

    private static List<NewTokens> newTokens(List<Sequence> sequences, int[] counts, int layer) {
        return IntStream.range(0, counts.length)
                .mapToObj(i -> new NewTokens(sequences.get(i).cache(layer), counts[i]))
                .toList();
    }

    private void copyLogits(Tensor x, float[] logits) {
        Tensor out = model.logits(x);
        System.arraycopy(out.array(), out.offset(), logits, 0, out.size());
    }

    private void checkRoom(Sequence sequence, int count) {
        if (count > sequence.remaining()) {
            throw new IllegalArgumentException("decode: " + count + " tokens after " + sequence.position()
                    + " do not fit in max_position_embeddings " + model.config().maxPositionEmbeddings());
        }
    }
}
