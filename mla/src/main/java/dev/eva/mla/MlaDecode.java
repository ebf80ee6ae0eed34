package dev.eva.mla;

import dev.eva.nn.Rope;
import dev.eva.tensor.Parallel;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.Workspace;
import dev.eva.tensor.kernel.Gemm;
import dev.eva.tensor.kernel.Kernels;
import dev.eva.tensor.kernel.LatentAttention;
import dev.eva.tensor.ops.Narrow;
import java.util.List;

/**
 * Latent attention in its absorbed form, for few new tokens after many: queries go down to the latent in place of keys
 * coming up (arXiv:2405.04434, section 2.1.2). With {@code q~_h = (W_h^UK)^T q_h^n}:
 * {@code s_hj = scale * (q~_h . c_j + q_h^r . k_j^r)}, {@code z_h = sum_j softmax(s_h)_j c_j},
 * {@code o_h = W_h^UV z_h}.
 *
 * <p>Reads one cache row a token for all heads. Equal to {@link MlaTrain} up to rounding. Not differentiable; not for
 * use by several threads.
 */
public final class MlaDecode {
    private static final Gemm GEMM = Kernels.find(Gemm.class, Gemm.REFERENCE);
    private static final LatentAttention LATENT = Kernels.find(LatentAttention.class, LatentAttention.REFERENCE);
    /**
     * Cache rows a task scans: enough to pay for joining its result, few enough to stay in a core's cache for all
     * heads.
     */
    private static final int CHUNK = 256;
    /** Heads of a task where there is one chunk alone, and more heads than these: else one thread would scan it. */
    private static final int HEADS = 8;
    /** Values of unjoined parts at a time, 16 MiB of them. */
    private static final long SLAB_VALUES = 1 << 22;

    private final MlaWeights weights;
    private final Absorbed absorbed;
    private final long slabValues;
    private final Narrow latentPart;
    private final Narrow keyPart;

    // What the last call made, for the next one, which is alike: a decoded token allocates none of it.
    private List<NewTokens> one = List.of();
    private int[] positions = {};
    private int[] starts = {};
    private Partials lastParts;

    public MlaDecode(MlaWeights weights) {
        this(weights, SLAB_VALUES);
    }

    /** With another bound on the values of unjoined parts. */
    MlaDecode(MlaWeights weights, long slabValues) {
        this.weights = weights;
        this.slabValues = slabValues;
        this.absorbed = new Absorbed(weights);
        MlaConfig c = weights.config();
        this.latentPart = new Narrow(0, c.kvLoraRank());
        this.keyPart = new Narrow(c.kvLoraRank(), c.qkRopeHeadDim());
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
        cache.checkStart(start);
        if (one.isEmpty() || one.getFirst().cache() != cache || one.getFirst().count() != x.dim(0)) {
            one = List.of(new NewTokens(cache, x.dim(0)));
        }
        return forward(x, one);
    }

    /**
     * The same for new tokens of several sequences, which share the products with the weights and nothing else.
     *
     * @param x (M, D), the rows of the first sequence's tokens first
     * @param sequences one or more, with M tokens together; no cache twice
     * @return (M, D)
     */
    public Tensor forward(Tensor x, List<NewTokens> sequences) {
        MlaConfig c = weights.config();
        int m = x.dim(0);
        positions = NewTokens.positions(sequences, positions);
        if (positions.length != m) {
            throw new IllegalArgumentException("mla decode: " + m + " rows for " + positions.length + " new tokens");
        }
        Tensor cK = weights.wkvA().forward(x);
        Tensor latent = weights.kvNorm().forward(latentPart.of(cK));
        Tensor kRope = keyPart.of(cK);
        Tensor q = absorb(weights.query().forward(x));
        Tensor z = Workspace.empty(m * c.numAttentionHeads(), c.kvLoraRank());
        int from = 0;
        for (int i = 0; i < sequences.size(); i++) {
            NewTokens s = sequences.get(i);
            int to = from + s.count();
            int start = s.cache().length();
            s.cache().append(latent.slice(from, to), kRope.slice(from, to), weights.rope(), start);
            attend(ofTokens(q, from, to), s.cache(), start, ofTokens(z, from, to));
            from = to;
        }
        Workspace.releaseUnheld(q);
        return weights.wo().forward(values(z, m));
    }

    /** Rows of all heads of these tokens: (M, N, _) as (M*N, _). */
    private Tensor ofTokens(Tensor x, int from, int to) {
        int n = weights.config().numAttentionHeads();
        return x.slice(from * n, to * n);
    }

    /** (M, N*(nope+rope)) -> (M, N, R+rope): the part without position to the latent, the rest rotated. */
    private Tensor absorb(Tensor q) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        int m = q.dim(0);
        int nope = c.qkNopeHeadDim();
        int r = c.kvLoraRank();
        Tensor byHead = Workspace.empty(n * m, c.qkHeadDim());
        Tensor out = Workspace.empty(m * n, c.cacheRow());
        Tensor latent = m == 1 ? out : Workspace.empty(n * m, c.cacheRow());
        swapHeads(q, m, n, c.qkHeadDim(), byHead);
        GEMM.multiplyGrouped(
                starts(n, m),
                byHead.array(),
                byHead.offset(),
                c.qkHeadDim(),
                1,
                absorbed.keys(),
                0f,
                latent.array(),
                latent.offset(),
                c.cacheRow());
        int last = 0;
        for (int position : positions) {
            last = Math.max(last, position);
        }
        Rope.Tables tables = weights.rope().tables(last + 1);
        for (int row = 0; row < n * m; row++) {
            tables.rotate(
                    positions[row % m],
                    byHead.array(),
                    byHead.offset() + row * c.qkHeadDim() + nope,
                    latent.array(),
                    latent.offset() + row * c.cacheRow() + r);
        }
        if (m > 1) {
            swapHeads(latent, n, m, c.cacheRow(), out);
            Workspace.releaseUnheld(latent);
        }
        Workspace.releaseUnheld(byHead);
        return out;
    }

    /** (M, N, R+rope) queries -> (M, N, R), some tokens at a time to bound the memory for parts. */
    private void attend(Tensor q, LatentCache cache, int start, Tensor z) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        int m = q.dim(0) / n;
        int chunks = (start + m + CHUNK - 1) / CHUNK;
        int slab = (int) Math.clamp(slabValues / ((long) chunks * n * c.kvLoraRank()), 1, m);
        for (int from = 0; from < m; from += slab) {
            int to = Math.min(m, from + slab);
            attendSlab(ofTokens(q, from, to), cache, start + from, ofTokens(z, from, to));
        }
    }

    /**
     * Chunks of the cache are scanned apart and joined in order. One chunk for one token, a short context, is cut by
     * heads, which share nothing but what they read.
     */
    private void attendSlab(Tensor q, LatentCache cache, int start, Tensor z) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        int m = q.dim(0) / n;
        int r = c.kvLoraRank();
        Partials parts = Partials.of(m, (start + m + CHUNK - 1) / CHUNK, n, r, lastParts);
        lastParts = parts;
        boolean cut = m * parts.chunks() == 1 && n % HEADS == 0 && cache.isFloat32();
        int groups = cut ? n / HEADS : 1;
        int tasks = m * parts.chunks() * groups;
        int own = LATENT.scratch(n / groups, CHUNK, r, c.qkRopeHeadDim());
        Tensor scratch = Workspace.roomy(tasks, own + (cache.isFloat32() ? 0 : CHUNK * c.cacheRow()));
        // What a scan costs beside an element of a map: a value of the cache is used twice by every head.
        int scanWork = Math.min(CHUNK, start + m) * c.cacheRow() / 8 * (n / groups);
        if (Parallel.isOneTask(tasks, scanWork)) {
            scan(q, cache, start, parts, groups, scratch, 0, tasks);
        } else {
            Parallel.rows(tasks, scanWork, (from, to) -> scan(q, cache, start, parts, groups, scratch, from, to));
        }
        if (Parallel.isOneTask(m * n, parts.chunks() * r)) {
            join(parts, start, z, 0, m * n);
        } else {
            Parallel.rows(m * n, parts.chunks() * r, (from, to) -> join(parts, start, z, from, to));
        }
        Workspace.releaseUnheld(scratch);
        parts.release();
    }

    private void scan(
            Tensor q, LatentCache cache, int start, Partials parts, int groups, Tensor scratch, int from, int to) {
        for (int task = from; task < to; task++) {
            scan(q, cache, start, parts, groups, scratch, task);
        }
    }

    private static void join(Partials parts, int start, Tensor z, int from, int to) {
        int r = z.dim(1);
        for (int row = from; row < to; row++) {
            int token = row / parts.heads();
            int chunks = (start + token) / CHUNK + 1;
            parts.join(token, row % parts.heads(), chunks, z.array(), z.offset() + row * r);
        }
    }

    /** One chunk for one token and a group of heads; a chunk wholly after the token has nothing for it. */
    private void scan(Tensor q, LatentCache cache, int start, Partials parts, int groups, Tensor scratch, int task) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads() / groups;
        int part = task / groups;
        int token = part / parts.chunks();
        int from = part % parts.chunks() * CHUNK;
        int rows = Math.min(CHUNK, start + token + 1 - from);
        if (rows <= 0) {
            return;
        }
        Tensor z = parts.z();
        Tensor stats = parts.stats();
        float[] cached = cache.isFloat32() ? cache.rows() : scratch.array();
        int at = from * c.cacheRow();
        if (!cache.isFloat32()) {
            at = scratch.offset() + (task + 1) * scratch.dim(1) - CHUNK * c.cacheRow();
            cache.read(from, rows, cached, at);
        }
        LATENT.scan(
                n,
                rows,
                c.kvLoraRank(),
                c.qkRopeHeadDim(),
                weights.softmaxScale(),
                q.array(),
                q.offset() + (token * groups + task % groups) * n * c.cacheRow(),
                cached,
                at,
                scratch.array(),
                scratch.offset() + task * scratch.dim(1),
                z.array(),
                z.offset() + task * n * c.kvLoraRank(),
                stats.array(),
                stats.offset() + task * n * 2);
    }

    /** (M, N, R) -> (M, N*v). */
    private Tensor values(Tensor z, int m) {
        MlaConfig c = weights.config();
        int n = c.numAttentionHeads();
        int r = c.kvLoraRank();
        int v = c.vHeadDim();
        Tensor byHead = Workspace.empty(n * m, r);
        Tensor values = Workspace.empty(n * m, v);
        swapHeads(z, m, n, r, byHead);
        GEMM.multiplyGrouped(
                starts(n, m),
                byHead.array(),
                byHead.offset(),
                r,
                1,
                absorbed.values(),
                0f,
                values.array(),
                values.offset(),
                v);
        Tensor out = Workspace.empty(m, n * v);
        swapHeads(values, n, m, v, out);
        Workspace.releaseUnheld(values);
        Workspace.releaseUnheld(byHead);
        Workspace.releaseUnheld(z);
        return out;
    }

    /** (A, B, width) -> (B, A, width). */
    private static void swapHeads(Tensor from, int a, int b, int width, Tensor to) {
        for (int i = 0; i < a; i++) {
            for (int j = 0; j < b; j++) {
                int at = to.offset() + (j * a + i) * width;
                System.arraycopy(from.array(), from.offset() + (i * b + j) * width, to.array(), at, width);
            }
        }
    }

    /** Rows of each head where a head has m: 0, m, 2m, ... */
    private int[] starts(int heads, int m) {
        if (starts.length == heads + 1 && starts[heads] == heads * m) {
            return starts;
        }
        starts = new int[heads + 1];
        for (int h = 0; h <= heads; h++) {
            starts[h] = h * m;
        }
        return starts;
    }
}
