package dev.eva.model.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.eva.nn.Parameter;
import dev.eva.nn.optim.MomentFormat;
import dev.eva.nn.optim.Optimizer;
import dev.eva.nn.optim.WeightDecay;
import java.util.List;

/** The rule that turns gradients into new weights, with its constants. Matrices decay; gains do not. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
    @JsonSubTypes.Type(value = OptimizerConfig.AdamW.class, name = "adamw"),
    @JsonSubTypes.Type(value = OptimizerConfig.Muon.class, name = "muon")
})
public sealed interface OptimizerConfig {
    /** Peak learning rate. */
    double lr();

    /** The same with another peak learning rate. */
    OptimizerConfig withLr(double lr);

    /** The same with another weight decay. */
    OptimizerConfig withWeightDecay(double weightDecay);

    /** The same with AdamW's moments in another format. */
    OptimizerConfig withMoments(MomentFormat moments);

    /** Word for it in options. */
    String type();

    /** A fresh optimizer of these parameters. */
    Optimizer create(List<Parameter> parameters);

    /** AdamW (arXiv:1711.05101) for everything. */
    record AdamW(double lr, double beta1, double beta2, double eps, double weightDecay, MomentFormat moments)
            implements OptimizerConfig {
        public AdamW {
            positive("lr", lr);
            positive("eps", eps);
            share("beta1", beta1);
            share("beta2", beta2);
            decay(weightDecay);
        }

        @Override
        public OptimizerConfig withLr(double other) {
            return new AdamW(other, beta1, beta2, eps, weightDecay, moments);
        }

        @Override
        public OptimizerConfig withWeightDecay(double other) {
            return new AdamW(lr, beta1, beta2, eps, other, moments);
        }

        @Override
        public OptimizerConfig withMoments(MomentFormat other) {
            return new AdamW(lr, beta1, beta2, eps, weightDecay, other);
        }

        @Override
        public String type() {
            return "adamw";
        }

        @Override
        public Optimizer create(List<Parameter> parameters) {
            return new dev.eva.nn.optim.AdamW(
                    parameters,
                    new dev.eva.nn.optim.AdamW.Moments(beta1, beta2, eps),
                    WeightDecay.matrices((float) weightDecay),
                    moments);
        }
    }

    /** Muon (arXiv:2502.16982) for hidden matrices, AdamW at the same rate for embedding, head and gains. */
    record Muon(
            double lr,
            double momentum,
            double weightDecay,
            double beta1,
            double beta2,
            double eps,
            MomentFormat moments)
            implements OptimizerConfig {
        public Muon {
            positive("lr", lr);
            positive("eps", eps);
            share("momentum", momentum);
            share("beta1", beta1);
            share("beta2", beta2);
            decay(weightDecay);
        }

        @Override
        public OptimizerConfig withLr(double other) {
            return new Muon(other, momentum, weightDecay, beta1, beta2, eps, moments);
        }

        @Override
        public OptimizerConfig withWeightDecay(double other) {
            return new Muon(lr, momentum, other, beta1, beta2, eps, moments);
        }

        @Override
        public OptimizerConfig withMoments(MomentFormat other) {
            return new Muon(lr, momentum, weightDecay, beta1, beta2, eps, other);
        }

        @Override
        public String type() {
            return "muon";
        }

        @Override
        public Optimizer create(List<Parameter> parameters) {
            return new dev.eva.nn.optim.Muon(
                    parameters,
                    momentum,
                    new dev.eva.nn.optim.AdamW.Moments(beta1, beta2, eps),
                    WeightDecay.matrices((float) weightDecay),
                    moments);
        }
    }

    private static void positive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(key + ": " + value + "; need more than 0");
        }
    }

    private static void share(String key, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(key + ": " + value + "; need 0 to less than 1");
        }
    }

    private static void decay(double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("weight_decay: " + value + "; need 0 or more");
        }
    }
}
