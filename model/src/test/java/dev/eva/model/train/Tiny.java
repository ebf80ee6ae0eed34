package dev.eva.model.train;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.text.ByteTokenizer;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.CorpusScan;
import dev.eva.model.text.TokenFile;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import dev.eva.nn.optim.MomentFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.random.RandomGeneratorFactory;

/** The smallest model that has every part, and texts for it. */
final class Tiny {
    private Tiny() {}

    static DeepSeekConfig config() {
        MlaConfig mla = new MlaConfig(16, 2, new QueryProjection.Direct(), 8, 4, 4, 4, RopeConfig.plain(10000));
        MoeConfig moe = new MoeConfig(16, 4, 1, 2, 8, new RoutingMethod.NoauxTc(1, 1), true, 1.0);
        return new DeepSeekConfig(256, 16, 2, 1, 32, 1e-6, 64, 0.02, 0, mla, moe);
    }

    static DeepSeekModel model(long seed) {
        return model(seed, 0);
    }

    /** With multi-token prediction layers. */
    static DeepSeekModel model(long seed, int depths) {
        return DeepSeekModel.random(
                config().withPredictionLayers(depths),
                RandomGeneratorFactory.of("L64X128MixRandom").create(seed));
    }

    static String text(int lines) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            s.append("The ")
                    .append(i * i % 97)
                    .append(" th day of the year ")
                    .append(i % 13)
                    .append(".\n");
        }
        return s.toString();
    }

    static TokenFile tokens(Path file, String text) throws IOException {
        Corpus corpus = new Corpus.Literal(text);
        return TokenFile.open(file, corpus, CorpusScan.of(corpus), new ByteTokenizer());
    }

    /**
     * Training with everything on: accumulation, clipping, balance loss and bias, a schedule that moves at every step.
     */
    static TrainConfig train(String optimizer, long steps) {
        return new TrainConfig(
                new TrainConfig.Batching(2, 16, 2),
                new Budget.Steps(steps),
                TrainPresets.optimizer(optimizer, 3e-3),
                new ScheduleConfig.Wsd(3, 0.4, 0.1),
                1.0,
                new TrainConfig.Balance(1e-3, 1e-3),
                TrainConfig.Mtp.DEEPSEEK,
                Precision.FP32,
                0.1,
                new TrainConfig.Saving(10, 7, 2),
                3,
                42);
    }

    /** The same with other batches. */
    static TrainConfig with(TrainConfig.Batching batching, TrainConfig c) {
        return new TrainConfig(
                batching,
                c.budget(),
                c.optimizer(),
                c.schedule(),
                c.clip(),
                c.balance(),
                c.mtp(),
                c.precision(),
                c.validation(),
                c.saving(),
                c.maxSkipped(),
                c.seed());
    }

    /** The same in another precision; moments in bfloat16 where that is FP8. */
    static TrainConfig in(Precision precision, TrainConfig c) {
        return new TrainConfig(
                c.batching(),
                c.budget(),
                precision == Precision.FP32 ? c.optimizer() : c.optimizer().withMoments(MomentFormat.BF16),
                c.schedule(),
                c.clip(),
                c.balance(),
                c.mtp(),
                precision,
                c.validation(),
                c.saving(),
                c.maxSkipped(),
                c.seed());
    }
}
