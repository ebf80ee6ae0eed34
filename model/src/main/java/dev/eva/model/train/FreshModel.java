package dev.eva.model.train;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.nn.FreshWeights;
import java.util.random.RandomGeneratorFactory;

/** The model that a run begins with. */
final class FreshModel {
    /**
     * Standard deviation of a fresh embedding beside Muon, whatever the config says of the matrices. Rows of unit size
     * dominate the residual stream until the layers have something to say, so that they learn upon letters, not upon
     * each other's noise (docs/log.md). AdamW's lower rate changes such rows too slowly: there the config decides.
     */
    private static final float EMBEDDING = 1f;

    private static final String RANDOM = "L64X128MixRandom";

    private FreshModel() {}

    static DeepSeekModel of(DeepSeekConfig config, TrainConfig train, Fp8Watch fp8) {
        float std = (float) config.initializerRange();
        float embedding = train.optimizer() instanceof OptimizerConfig.Muon ? EMBEDDING : std;
        return DeepSeekModel.of(
                config,
                new FreshWeights(
                        std,
                        embedding,
                        RandomGeneratorFactory.of(RANDOM).create(train.seed()),
                        fp8));
    }
}
