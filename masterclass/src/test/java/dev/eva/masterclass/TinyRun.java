package dev.eva.masterclass;

import dev.eva.mla.MlaConfig;
import dev.eva.mla.QueryProjection;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.text.Corpus;
import dev.eva.model.train.Budget;
import dev.eva.model.train.Precision;
import dev.eva.model.train.ScheduleConfig;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainPresets;
import dev.eva.model.train.TrainingRun;
import dev.eva.moe.MoeConfig;
import dev.eva.moe.RoutingMethod;
import dev.eva.nn.RopeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The smallest run that has every part. */
final class TinyRun {
    static final int EXPERTS = 4;
    static final int TOP_K = 2;

    private TinyRun() {}

    static DeepSeekConfig shape() {
        MlaConfig mla = new MlaConfig(16, 2, new QueryProjection.Direct(), 3, 14, 2, 14, RopeConfig.plain(10000));
        MoeConfig moe = new MoeConfig(16, EXPERTS, 1, TOP_K, 8, new RoutingMethod.NoauxTc(1, 1), true, 1.0);
        return new DeepSeekConfig(256, 16, 2, 1, 32, 1e-6, 64, 0.02, 0, mla, moe);
    }

    /** @param batches whose gradients a step adds */
    static TrainConfig train(long steps, int batches) {
        return new TrainConfig(
                new TrainConfig.Batching(4, 16, batches),
                new Budget.Steps(steps),
                TrainPresets.optimizer("adamw", 3e-3),
                new ScheduleConfig.Wsd(2, 0.4, 0.1),
                1.0,
                new TrainConfig.Balance(1e-4, 0.01),
                TrainConfig.Mtp.DEEPSEEK,
                Precision.FP32,
                0.1,
                new TrainConfig.Saving(1000, 1000, 2),
                3,
                42);
    }

    /** A run before its first step; its text lies beside its folder. */
    static TrainingRun begin(Path folder, long steps) throws IOException {
        return begin(folder, train(steps, 1));
    }

    static TrainingRun begin(Path folder, TrainConfig config) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            text.append("The ")
                    .append(i * i % 97)
                    .append(" th day of the year ")
                    .append(i % 13)
                    .append(".\n");
        }
        Path file = Files.writeString(folder.resolveSibling("text.txt"), text);
        return TrainingRun.create(folder, "tiny", shape(), Corpus.files(List.of(file)), "byte", config);
    }
}
