package dev.eva.mla;

import static dev.eva.tensor.ops.Narrow.narrow;

import dev.eva.nn.Rope;
import dev.eva.tensor.Parallel;
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

    /** Cached tokens whose keys and values are made at a time: enough for full products. */
    private static final int BLOCK = 1024;

    /** Sizes of blocks are multiples. */
    private static final int PART = 256;

    /** Values of such a block at most: 16 MiB of them. */
    private static final int BLOCK_VALUES = 1 << 22;

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
        Tensor q = weights.query().forward(x);
        Tensor o = attend(q, latent, cache, start);
        // The largest tensors of a prompt: the next layer takes the same memory.
        Workspace.releaseUnheld(q);
        Tensor out = weights.wo().forward(o);
        Workspace.releaseUnheld(o);
        return out;
    }

    /** (M, N*v). The memory of keys and values grows in steps: every chunk of a long prompt needs a little more. */
    private Tensor attend(Tensor q, Tensor latent, LatentCache cache, int start) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        int h = c.qkHeadDim();
        int v = c.vHeadDim();
        int l = cache.length();
        int m = l - start;
        Tensor ks = Workspace.roomy(n * l, h);
        Tensor vs = Workspace.roomy(n * l, v);
        expand(latent, cache, start, ks, vs);
        Tensor out = Workspace.empty(m, n * v);
        Tensor qs = Workspace.empty(n * m, h);
        Tensor lse = Workspace.empty(n * m);
        Rope.Tables tables = weights.rope().tables(l);
        float scale = weights.softmaxScale();
        Parallel.run(n, head -> {
            layOutQuery(tables, q, head, start, qs);
            ATTENTION.forwardFrom(
                    start,
                    l,
                    h,
                    v,
                    scale,
                    qs.array(),
                    qs.offset() + head * m * h,
                    ks.array(),
                    ks.offset() + head * l * h,
                    vs.array(),
                    vs.offset() + head * l * v,
                    out.array(),
                    out.offset() + head * v,
                    n * v,
                    lse.array(),
                    lse.offset() + head * m);
        });
        Workspace.releaseUnheld(lse);
        Workspace.releaseUnheld(qs);
        Workspace.releaseUnheld(vs);
        Workspace.releaseUnheld(ks);
        return out;
    }

    /** Keys and values of all tokens, head by head, made from the latents a block of tokens at a time. */
    private void expand(Tensor latent, LatentCache cache, int start, Tensor keys, Tensor values) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        int l = cache.length();
        int width = n * (c.qkNopeHeadDim() + c.vHeadDim());
        int block = Math.clamp(BLOCK_VALUES / width, Math.min(l - start, BLOCK), BLOCK);
        for (int from = 0; from < l; from += block) {
            int to = Math.min(l, from + block);
            // Of few sizes, for the same memory: the last block repeats what some tokens before it have had.
            int first = Math.max(0, to - (to - from + PART - 1) / PART * PART);
            Tensor some = start == 0 ? latent.slice(first, to) : latents(cache, first, to);
            Tensor kv = weights.wkvB().forward(some);
            Parallel.run(n, head -> layOutKeyValue(kv, cache, head, first, keys, values));
            Workspace.releaseUnheld(kv);
            if (start > 0) {
                Workspace.releaseUnheld(some);
            }
        }
    }

    /** (L, R): the latents of cached tokens, without the keys beside them. */
    private static Tensor latents(LatentCache cache, int from, int to) {
        int r = cache.latentSize();
        Tensor out = Workspace.empty(to - from, r);
        cache.latents(from, to - from, out.array(), out.offset(), r);
        return out;
    }

    private void layOutQuery(Rope.Tables tables, Tensor q, int head, int start, Tensor to) {
        MlaConfig c = weights.config();
        int h = c.qkHeadDim();
        int nope = c.qkNopeHeadDim();
        for (int i = 0; i < q.dim(0); i++) {
            int from = q.offset() + (i * c.numAttentionHeads() + head) * h;
            int at = to.offset() + (head * q.dim(0) + i) * h;
            System.arraycopy(q.array(), from, to.array(), at, nope);
            tables.rotate(start + i, q.array(), from + nope, to.array(), at + nope);
        }
    }

    /** A block of tokens from {@code first} on; keys get the rotated part that all heads share from the cache. */
    private void layOutKeyValue(Tensor kv, LatentCache cache, int head, int first, Tensor keys, Tensor values) {
        MlaConfig c = weights.config();
        int nope = c.qkNopeHeadDim();
        int v = c.vHeadDim();
        int row = head * cache.length() + first;
        for (int j = 0; j < kv.dim(0); j++, row++) {
            int from = kv.offset() + (j * c.numAttentionHeads() + head) * (nope + v);
            int at = keys.offset() + row * c.qkHeadDim();
            System.arraycopy(kv.array(), from, keys.array(), at, nope);
            cache.key(first + j, keys.array(), at + nope);
            System.arraycopy(kv.array(), from + nope, values.array(), values.offset() + row * v, v);
        }
    }
}
