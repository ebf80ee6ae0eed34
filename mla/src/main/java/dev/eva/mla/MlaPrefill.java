package dev.eva.mla;

import static dev.eva.tensor.ops.Narrow.narrow;

import dev.eva.nn.Rope;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Shape;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.Attention;
import dev.eva.tensor.kernel.Kernels;

/**
 * Latent attention in its expanded form with a cache, for many new tokens: keys and values of all heads are made from
 * the cached latents, new tokens included. The same result as {@link MlaDecode} up to rounding, cheaper for a long
 * prompt. Not differentiable.
 */
public final class MlaPrefill {
    private static final Attention ATTENTION = Kernels.find(Attention.class, Attention.REFERENCE);

    /** Heads laid out at a time, to bound the memory. */
    private static final int WAVE = 16;

    private final MlaWeights weights;

    public MlaPrefill(MlaWeights weights) {
        this.weights = weights;
    }

    /**
     * Attention of M new tokens to all tokens of the cache and to those before them among the new ones, which are added
     * to the cache.
     *
     * @param x (M, D), the normed hidden states at positions {@code start .. start + M - 1}
     * @param start {@code cache.length()}
     * @return (M, D), to be added to the residual stream
     */
    public Tensor forward(Tensor x, LatentCache cache, int start) {
        MlaConfig c = weights.config();
        Tensor cK = weights.wkvA().forward(x);
        Tensor latent = weights.kvNorm().forward(narrow(cK, 0, c.kvLoraRank()));
        cache.append(latent, narrow(cK, c.kvLoraRank(), c.qkRopeHeadDim()), weights.rope(), start);
        Tensor all = start == 0 ? latent : latents(cache);
        Tensor kv = weights.wkvB().forward(all);
        Tensor q = weights.query().forward(x);
        Tensor o = attend(q, kv, cache, start);
        // The largest tensors of a prompt: the next layer takes the same memory.
        Workspace.releaseUnheld(q);
        Workspace.releaseUnheld(kv);
        Tensor out = weights.wo().forward(o);
        Workspace.releaseUnheld(o);
        return out;
    }

    /** (L, R): the latents of all cached tokens, without the keys beside them. */
    private static Tensor latents(LatentCache cache) {
        int r = cache.latentSize();
        Tensor out = Workspace.empty(cache.length(), r);
        cache.latents(0, cache.length(), out.array(), out.offset(), r);
        return out;
    }

    /** (M, N*v). */
    private Tensor attend(Tensor q, Tensor kv, LatentCache cache, int start) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        Tensor out = Workspace.empty(q.dim(0), n * c.vHeadDim());
        for (int first = 0; first < n; first += WAVE) {
            attend(q, kv, cache, new Heads(first, Math.min(n, first + WAVE), start), out);
        }
        return out;
    }

    private void attend(Tensor q, Tensor kv, LatentCache cache, Heads heads, Tensor out) {
        MlaConfig c = weights.config();
        int n = heads.to - heads.from;
        int h = c.qkHeadDim();
        int v = c.vHeadDim();
        int l = cache.length();
        int m = l - heads.start;
        Tensor qs = Workspace.empty(n * m, h);
        Tensor ks = Workspace.empty(n * l, h);
        Tensor vs = Workspace.empty(n * l, v);
        Tensor lse = Workspace.empty(Shape.of(n * m));
        Rope.Tables tables = weights.rope().tables(l);
        float scale = weights.softmaxScale();
        Parallel.run(n, i -> {
            int head = heads.from + i;
            layOutQuery(tables, q, head, heads.start, qs.slice(i * m, (i + 1) * m));
            layOutKeyValue(kv, cache, head, ks.slice(i * l, (i + 1) * l), vs.slice(i * l, (i + 1) * l));
            ATTENTION.forwardFrom(
                    heads.start,
                    l,
                    h,
                    v,
                    scale,
                    qs.array(),
                    qs.offset() + i * m * h,
                    ks.array(),
                    ks.offset() + i * l * h,
                    vs.array(),
                    vs.offset() + i * l * v,
                    out.array(),
                    out.offset() + head * v,
                    c.numAttentionHeads() * v,
                    lse.array(),
                    lse.offset() + i * m);
        });
        Workspace.releaseUnheld(lse);
        Workspace.releaseUnheld(vs);
        Workspace.releaseUnheld(ks);
        Workspace.releaseUnheld(qs);
    }

    /** Heads {@code [from, to)}, whose new queries begin at position {@code start}. */
    private record Heads(int from, int to, int start) {}

    private void layOutQuery(Rope.Tables tables, Tensor q, int head, int start, Tensor to) {
        MlaConfig c = weights.config();
        int h = c.qkHeadDim();
        int nope = c.qkNopeHeadDim();
        for (int i = 0; i < q.dim(0); i++) {
            int from = q.offset() + (i * c.numAttentionHeads() + head) * h;
            int at = to.offset() + i * h;
            System.arraycopy(q.array(), from, to.array(), at, nope);
            tables.rotate(start + i, q.array(), from + nope, to.array(), at + nope);
        }
    }

    /** Keys get the rotated part that all heads share from the cache. */
    private void layOutKeyValue(Tensor kv, LatentCache cache, int head, Tensor keys, Tensor values) {
        MlaConfig c = weights.config();
        int nope = c.qkNopeHeadDim();
        int v = c.vHeadDim();
        for (int j = 0; j < cache.length(); j++) {
            int from = kv.offset() + (j * c.numAttentionHeads() + head) * (nope + v);
            int at = keys.offset() + j * c.qkHeadDim();
            System.arraycopy(kv.array(), from, keys.array(), at, nope);
            cache.key(j, keys.array(), at + nope);
            System.arraycopy(kv.array(), from + nope, values.array(), values.offset() + j * v, v);
        }
    }
}
