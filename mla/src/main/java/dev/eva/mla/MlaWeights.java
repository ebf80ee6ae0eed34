package dev.eva.mla;

import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import dev.eva.nn.Projection;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.Rope;
import dev.eva.nn.WeightSource;
import java.util.function.Consumer;

/**
 * The weights of one latent attention layer, which {@link MlaTrain}, {@link MlaPrefill} and {@link MlaDecode} share.
 *
 * <p>Letters: D model dimension, N heads, R latent rank; nope, rope and v are widths in a head. Parameters in the order
 * of {@link #visit}: {@code wq} (N*(nope+rope), D), or {@code wqA} (Q, D), {@code qNorm} (Q), {@code wqB}
 * (N*(nope+rope), Q); {@code wkvA} (R+rope, D), latent rows first; {@code kvNorm} (R); {@code wkvB} (N*(nope+v), R),
 * the key rows of each head before its value rows; {@code wo} (D, N*v).
 */
public final class MlaWeights implements Layer {
    private final MlaConfig config;
    private final QueryWeights query;
    private final Projection wkvA;
    private final RmsNorm kvNorm;
    private final Projection wkvB;
    private final Projection wo;
    private final Rope rope;

    /** Layers over given weights; sizes are checked against {@code config}. */
    public MlaWeights(
            MlaConfig config, QueryWeights query, Projection wkvA, RmsNorm kvNorm, Projection wkvB, Projection wo) {
        int n = config.numAttentionHeads();
        int d = config.hiddenSize();
        int r = config.kvLoraRank();
        check("wq", query.outFeatures(), query.inFeatures(), n * config.qkHeadDim(), d);
        check("wkvA", wkvA.outFeatures(), wkvA.inFeatures(), config.cacheRow(), d);
        check("kvNorm", kvNorm.weight().size(), 1, r, 1);
        check("wkvB", wkvB.outFeatures(), wkvB.inFeatures(), n * (config.qkNopeHeadDim() + config.vHeadDim()), r);
        check("wo", wo.outFeatures(), wo.inFeatures(), d, n * config.vHeadDim());
        this.config = config;
        this.query = query;
        this.wkvA = wkvA;
        this.kvNorm = kvNorm;
        this.wkvB = wkvB;
        this.wo = wo;
        // The length of a context is the model's and the cache's to limit; tables grow with what is asked for.
        this.rope = new Rope(config.rope(), config.qkRopeHeadDim(), Integer.MAX_VALUE);
    }

    /** The weights of the attention that is called {@code name}. */
    public static MlaWeights of(String name, MlaConfig config, WeightSource weights) {
        int n = config.numAttentionHeads();
        int d = config.hiddenSize();
        int r = config.kvLoraRank();
        int up = n * (config.qkNopeHeadDim() + config.vHeadDim());
        QueryWeights query = QueryWeights.of(name, config, weights);
        Projection wkvA = weights.linear(Layer.path(name, "wkvA"), config.cacheRow(), d);
        RmsNorm kvNorm = new RmsNorm(weights.gains(Layer.path(name, "kvNorm"), r), MlaConfig.LATENT_NORM_EPS);
        Projection wkvB = weights.linear(Layer.path(name, "wkvB"), up, r);
        Projection wo = weights.linear(Layer.path(name, "wo"), d, n * config.vHeadDim());
        return new MlaWeights(config, query, wkvA, kvNorm, wkvB, wo);
    }

    public MlaConfig config() {
        return config;
    }

    /** What makes queries. */
    public QueryWeights query() {
        return query;
    }

    /** D -> R + rope: the latent before its norm, then the shared key before its rotation. */
    public Projection wkvA() {
        return wkvA;
    }

    /** The norm of the latent; the rotated key has none. */
    public RmsNorm kvNorm() {
        return kvNorm;
    }

    /** R -> N * (nope + v): keys and values of every head from the normed latent. */
    public Projection wkvB() {
        return wkvB;
    }

    /** N * v -> D. */
    public Projection wo() {
        return wo;
    }

    /** Rotation of positions. */
    public Rope rope() {
        return rope;
    }

    /** Scale of the scores. */
    float softmaxScale() {
        return (float) rope.softmaxScale(config.qkHeadDim());
    }

    @Override
    public void visit(String prefix, Consumer<Parameter> visitor) {
        query.visit(prefix, visitor);
        wkvA.visit(Layer.path(prefix, "wkvA"), visitor);
        kvNorm.visit(Layer.path(prefix, "kvNorm"), visitor);
        wkvB.visit(Layer.path(prefix, "wkvB"), visitor);
        wo.visit(Layer.path(prefix, "wo"), visitor);
    }

    private static void check(String name, int out, int in, int expectedOut, int expectedIn) {
        if (out != expectedOut || in != expectedIn) {
            throw new IllegalArgumentException("mla: " + name + " is (" + out + ", " + in
                    + "); the configuration needs (" + expectedOut + ", " + expectedIn + ")");
        }
    }
}
