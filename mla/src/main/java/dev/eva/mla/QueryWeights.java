package dev.eva.mla;

import dev.eva.nn.Layer;
import dev.eva.nn.Linear;
import dev.eva.nn.Parameter;
import dev.eva.nn.Projection;
import dev.eva.nn.RmsNorm;
import dev.eva.tensor.Tensor;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

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

    /** Fresh weights {@code N(0, std^2)}, gains of one. */
    static QueryWeights random(MlaConfig config, float std, RandomGenerator random) {
        int in = config.hiddenSize();
        int out = config.numAttentionHeads() * config.qkHeadDim();
        return switch (config.query()) {
            case QueryProjection.Direct d -> new Direct(new Linear(out, in, std, random));
            case QueryProjection.LowRank r -> {
                Linear wqA = new Linear(r.qLoraRank(), in, std, random);
                RmsNorm norm = new RmsNorm(r.qLoraRank(), MlaConfig.LATENT_NORM_EPS);
                yield new LowRank(wqA, norm, new Linear(out, r.qLoraRank(), std, random));
            }
        };
    }
}
