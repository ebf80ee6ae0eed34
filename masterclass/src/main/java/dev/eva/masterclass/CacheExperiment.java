package dev.eva.masterclass;

import dev.eva.mla.CacheSize;
import dev.eva.mla.MlaConfig;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import java.util.List;

/** What a key-value cache takes, for the shapes of the founding document, DeepSeek's own, and the trained model's. */
final class CacheExperiment {
    /** Tokens of the founding document's table. */
    static final int LENGTH = 2048;

    private static final double MB = 1 << 20;
    private static final int HEAD = 64;

    private CacheExperiment() {}

    /**
     * A cache of one layer in float32.
     *
     * @param id part of the figures' names
     * @param label as people read it
     * @param size values
     */
    record Row(String id, String label, CacheSize size) {
        double standardMb() {
            return size.standard() * (double) Float.BYTES / MB;
        }

        double latentMb() {
            return size.latentOnly() * (double) Float.BYTES / MB;
        }

        double rowMb() {
            return size.withRope() * (double) Float.BYTES / MB;
        }

        /** Percent that the latent alone saves: the founding document's formula. */
        double latentSaved() {
            return 100 * (1 - (double) size.latentOnly() / size.standard());
        }

        /** How many times as large the standard cache is. */
        double latentRatio() {
            return (double) size.standard() / size.latentOnly();
        }

        /** Percent that the real row saves, the rotated key included. */
        double rowSaved() {
            return 100 * (1 - (double) size.withRope() / size.standard());
        }

        double rowRatio() {
            return (double) size.standard() / size.withRope();
        }
    }

    /** Rows of the founding document: latents of a quarter of the width, and a rotated key of half a head. */
    static List<Row> teachingShapes() {
        return List.of(
                teaching("gpt2", "GPT-2 small", 768, 12),
                teaching("w1024", "width $1024$", 1024, 16),
                teaching("w1536", "width $1536$", 1536, 24),
                teaching("w2048", "\"DeepSeek-V3\"", 2048, 32));
    }

    private static Row teaching(String id, String label, int width, int heads) {
        return new Row(id, label, new CacheSize(LENGTH, 2 * heads * HEAD, width / 4, HEAD / 2));
    }

    /** The row of an attention layer. */
    static Row of(String id, String label, MlaConfig mla) {
        // snippet: size
        CacheSize size = CacheSize.of(mla, LENGTH);
        long standard = size.standard(); // 2 T N H for heads of one width
        long latent = size.latentOnly(); // T R
        long row = size.withRope(); // T (R + rope)
        // end
        assert standard > 0 && latent <= row;
        return new Row(id, label, size);
    }

    /**
     * The headline of DeepSeek-V2, from two models as they were served, a token over all layers.
     *
     * @param denseValues DeepSeek-67B: 95 layers, 8 key-value heads of 128 that the query heads share
     * @param latentValues DeepSeek-V2: 60 layers, latent 512 and key 64
     */
    record Headline(long denseValues, int denseBits, long latentValues, int latentBits) {
        static Headline ofDeepSeekV2() {
            return new Headline(2L * 95 * 8 * 128, 16, 60L * (512 + 64), 6);
        }

        long denseBytes() {
            return denseValues * denseBits / 8;
        }

        long latentBytes() {
            return latentValues * latentBits / 8;
        }

        double savedValues() {
            return 100 * (1 - (double) latentValues / denseValues);
        }

        double savedBytes() {
            return 100 * (1 - (double) latentBytes() / denseBytes());
        }
    }

    /**
     * The cache of a whole model over the length of the context.
     *
     * @param valuesAToken over all layers
     */
    record Growth(String id, String label, long valuesAToken, int bytesAValue, boolean hypothetical) {
        double bytesAToken() {
            return (double) valuesAToken * bytesAValue;
        }

        double[] mebibytes(double[] lengths) {
            double[] mb = new double[lengths.length];
            for (int i = 0; i < mb.length; i++) {
                mb[i] = lengths[i] * bytesAToken() / MB;
            }
            return mb;
        }
    }

    /** GPT-2 to DeepSeek-V3 in 16 bit, and the trained model in float32, as Eva keeps it. */
    static List<Growth> growth(DeepSeekConfig trained) {
        DeepSeekConfig v3 = Presets.v3();
        return List.of(
                new Growth("v3full", "V3 if it kept all heads", standard(v3), 2, true),
                new Growth("gpt2xl", "GPT-2 XL", 48L * 2 * 25 * HEAD, 2, false),
                new Growth("v3", "DeepSeek-V3", latent(v3), 2, false),
                new Growth("gpt2", "GPT-2 small", 12L * 2 * 12 * HEAD, 2, false),
                new Growth("trainedfull", "ours if it kept all heads", standard(trained), Float.BYTES, true),
                new Growth("trained", "our model", latent(trained), Float.BYTES, false));
    }

    private static long standard(DeepSeekConfig c) {
        return (long) c.numHiddenLayers() * c.mla().standardCacheRow();
    }

    private static long latent(DeepSeekConfig c) {
        return (long) c.numHiddenLayers() * c.mla().cacheRow();
    }
}
