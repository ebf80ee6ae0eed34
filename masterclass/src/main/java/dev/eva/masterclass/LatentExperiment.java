package dev.eva.masterclass;

import dev.eva.mla.CacheSize;
import dev.eva.mla.LatentCache;
import dev.eva.mla.MlaConfig;
import dev.eva.mla.MlaDecode;
import dev.eva.mla.MlaTrain;
import dev.eva.mla.MlaWeights;
import dev.eva.mla.QueryProjection;
import dev.eva.nn.FreshWeights;
import dev.eva.nn.RopeConfig;
import dev.eva.tensor.Tensor;
import java.util.random.RandomGenerator;

/** One layer of latent attention with random weights: a forward pass, with a cache and without. */
final class LatentExperiment {
    static final int BATCH = 2;
    static final int LENGTH = 64;
    static final int WIDTH = 512;
    static final int HEADS = 8;
    static final int HEAD = 64;
    static final int LATENT = 128;
    static final int ROPE = 32;

    private static final float INIT = 0.02f;

    private LatentExperiment() {}

    /**
     * What came out.
     *
     * @param parameters of the layer
     * @param cacheBytes that the caches of all sequences hold
     * @param standardBytes that standard caches would
     * @param varianceProjected {@code Var(c) / Var(x)} before the norm of the latent
     * @param varianceCached the same after it, as the cache holds it
     * @param normProjected {@code mean |c| / mean |x|} before the norm
     * @param normCached after it
     * @param difference largest between the outputs with cache and without
     * @param largest output, in absolute value
     * @param input (M, D)
     * @param parts what attention was made of
     */
    record Result(
            long parameters,
            long cacheBytes,
            long standardBytes,
            double varianceProjected,
            double varianceCached,
            double normProjected,
            double normCached,
            double difference,
            double largest,
            Tensor input,
            MlaTrain.Expanded parts) {}

    static MlaConfig config() {
        return new MlaConfig(
                WIDTH, HEADS, new QueryProjection.Direct(), LATENT, HEAD, ROPE, HEAD, RopeConfig.plain(10000));
    }

    static Result run(RandomGenerator random) {
        MlaConfig config = config();
        // snippet: forward
        MlaWeights weights = MlaWeights.of("attn", config, new FreshWeights(INIT, random));
        Tensor x = Tensor.randn(random, 0f, 1f, BATCH * LENGTH, WIDTH); // B sequences, one after the other

        // Training: keys and values of every head are made from the latent.
        Tensor expanded = new MlaTrain(weights).forward(x, BATCH, LENGTH);

        // Writing: queries meet the latents themselves; a cache holds latent and rotated key, and nothing else.
        LatentCache[] caches = new LatentCache[BATCH];
        Tensor[] cached = new Tensor[BATCH];
        for (int b = 0; b < BATCH; b++) {
            caches[b] = new LatentCache(config, LENGTH);
            Tensor sequence = x.slice(b * LENGTH, (b + 1) * LENGTH);
            cached[b] = new MlaDecode(weights).forward(sequence, caches[b], 0);
        }
        // end
        MlaTrain.Expanded parts = new MlaTrain(weights).expand(x);
        float[] projected = columns(parts.down(), 0, LATENT);
        float[] latent = parts.latent().toArray();
        float[] in = x.toArray();
        long bytes = 0;
        double difference = 0;
        for (int b = 0; b < BATCH; b++) {
            bytes += (long) caches[b].length() * caches[b].bytesAToken();
            Tensor there = expanded.slice(b * LENGTH, (b + 1) * LENGTH);
            difference = Math.max(difference, largestDifference(cached[b].toArray(), there.toArray()));
        }
        return new Result(
                weights.parameters().stream().mapToLong(p -> p.value().size()).sum(),
                bytes,
                Float.BYTES * CacheSize.of(config, (long) BATCH * LENGTH).standard(),
                Spread.variance(projected) / Spread.variance(in),
                Spread.variance(latent) / Spread.variance(in),
                Spread.meanNorm(projected, LATENT) / Spread.meanNorm(in, WIDTH),
                Spread.meanNorm(latent, LATENT) / Spread.meanNorm(in, WIDTH),
                difference,
                Spread.largest(expanded.toArray()),
                x,
                parts);
    }

    /** Columns {@code [from, from + count)} of a matrix, row-major. */
    static float[] columns(Tensor x, int from, int count) {
        float[] all = x.toArray();
        float[] out = new float[x.dim(0) * count];
        for (int i = 0; i < x.dim(0); i++) {
            System.arraycopy(all, i * x.dim(1) + from, out, i * count, count);
        }
        return out;
    }

    private static double largestDifference(float[] a, float[] b) {
        double max = 0;
        for (int i = 0; i < a.length; i++) {
            max = Math.max(max, Math.abs((double) a[i] - b[i]));
        }
        return max;
    }
}
