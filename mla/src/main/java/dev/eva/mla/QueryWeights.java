package dev.eva.mla;

import dev.eva.nn.Layer;
import dev.eva.nn.Parameter;
import dev.eva.nn.Projection;
import dev.eva.nn.RmsNorm;
import dev.eva.nn.WeightSource;
import dev.eva.tensor.Tensor;
import java.util.function.Consumer;

/** The weights that make queries, one kind for each {@link QueryProjection}: (rows, D) -> (rows, N * (nope + rope)). */
public sealed interface QueryWeights extends Layer {
    /** (rows, D) -> (rows, N * (nope + rope)); within a head the part without position comes first. Not yet rotated. */
    Tensor forward(Tensor x);

    /** Model dimension D. */
    int inFeatures();

    /** {@code N * (nope + rope)}. */
    int outFeatures();

    /** {@code q = W_q h}. */
    record Direct(Projection wq) implements QueryWeights {
        @Override
        public Tensor forward(Tensor x) {
            return wq.forward(x);
        }

        @Override
        public int inFeatures() {
            return wq.inFeatures();
        }

        @Override
        public int outFeatures() {
            return wq.outFeatures();
        }

        @Override
        public void visit(String prefix, Consumer<Parameter> visitor) {
            wq.visit(Layer.path(prefix, "wq"), visitor);
        }
    }

    /** {@code q = W_qb RMSNorm(W_qa h)}. */
    record LowRank(Projection wqA, RmsNorm qNorm, Projection wqB) implements QueryWeights {
        @Override
        public Tensor forward(Tensor x) {
            return wqB.forward(qNorm.forward(wqA.forward(x)));
        }

        @Override
        public int inFeatures() {
            return wqA.inFeatures();
        }

        @Override
        public int outFeatures() {
            return wqB.outFeatures();
        }

        @Override
        public void visit(String prefix, Consumer<Parameter> visitor) {
            wqA.visit(Layer.path(prefix, "wqA"), visitor);
            qNorm.visit(Layer.path(prefix, "qNorm"), visitor);
            wqB.visit(Layer.path(prefix, "wqB"), visitor);
        }
    }

    /** The weights of the attention that is called {@code name}. */
    static QueryWeights of(String name, MlaConfig config, WeightSource weights) {
        int in = config.hiddenSize();
        int out = config.numAttentionHeads() * config.qkHeadDim();
        return switch (config.query()) {
            case QueryProjection.Direct d -> new Direct(weights.linear(Layer.path(name, "wq"), out, in));
            case QueryProjection.LowRank r -> {
                int rank = r.qLoraRank();
                Projection wqA = weights.linear(Layer.path(name, "wqA"), rank, in);
                RmsNorm norm = new RmsNorm(weights.gains(Layer.path(name, "qNorm"), rank), MlaConfig.LATENT_NORM_EPS);
                yield new LowRank(wqA, norm, weights.linear(Layer.path(name, "wqB"), out, rank));
            }
        };
    }
}
