package dev.eva.model.generate;

import dev.eva.mla.LatentCache;
import dev.eva.mla.MlaInference;
import dev.eva.model.DeepSeekModel;
import dev.eva.tensor.IntTensor;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One sequence being continued: the latent caches of all layers, and where it stands.
 *
 * <p>Attention runs over the cache, which holds one row of {@code kvLoraRank + qkRopeHeadDim} values a token and layer.
 * Not for use by several threads.
 */
public final class DecodeSession {
    /**
     * Tokens that go through the model at once: enough for full products, few enough for their activations to stay
     * small.
     */
    private static final int CHUNK = 256;

    private final DeepSeekModel model;
    private final List<MlaInference> attention;
    private final List<LatentCache> caches;
    private final Workspace workspace = new Workspace();
    private final float[] logits;
    private int position;

    public DecodeSession(DeepSeekModel model) {
        this.model = model;
        int limit = model.config().maxPositionEmbeddings();
        this.attention =
                model.layers().stream().map(l -> new MlaInference(l.attn())).toList();
        this.caches = IntStream.range(0, attention.size())
                .mapToObj(l -> new LatentCache(model.config().mla(), limit))
                .toList();
        this.logits = new float[model.config().vocabSize()];
    }

    /** Tokens taken so far. */
    public int position() {
        return position;
    }

    /** Tokens that still fit in the context. */
    public int remaining() {
        return model.config().maxPositionEmbeddings() - position;
    }

    /** Forgets all tokens; the memory of the caches stays. */
    public void restart() {
        caches.forEach(c -> c.truncate(0));
        position = 0;
    }

    /** Bytes that the caches of all layers hold for the tokens so far. */
    public long cacheBytes() {
        return 4L * position * model.config().mla().cacheRow() * caches.size();
    }

    /**
     * Takes more tokens and returns the logits (V values, overwritten by the next call) that follow the last of them.
     *
     * @throws IllegalArgumentException if there are none or they do not fit in the context
     */
    public float[] accept(int... ids) {
        if (ids.length == 0) {
            throw new IllegalArgumentException("decode: no tokens; need at least one");
        }
        if (ids.length > remaining()) {
            throw new IllegalArgumentException("decode: " + ids.length + " tokens after " + position
                    + " do not fit in max_position_embeddings " + model.config().maxPositionEmbeddings());
        }
        for (int from = 0; from < ids.length; from += CHUNK) {
            int to = Math.min(from + CHUNK, ids.length);
            accept(Arrays.copyOfRange(ids, from, to), to == ids.length);
        }
        return logits;
    }

    private void accept(int[] chunk, boolean wantLogits) {
        int start = position;
        try (Workspace.Scope step = workspace.open()) {
            Tensor x = model.hidden(
                    IntTensor.of(chunk, 1, chunk.length),
                    l -> h -> attention.get(l).forward(h, caches.get(l), start));
            position += chunk.length;
            if (wantLogits) {
                Tensor last = model.logits(x.slice(chunk.length - 1, chunk.length));
                System.arraycopy(last.array(), last.offset(), logits, 0, logits.length);
            }
        }
    }
}
