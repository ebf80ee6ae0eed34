package dev.eva.cli;

import dev.eva.model.train.Budget;
import dev.eva.model.train.OptimizerConfig;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainPresets;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the user changes of a preset's training. */
final class TrainOptions {
    @Option(names = "--batch-size", paramLabel = "N", description = "Sequences in a batch.")
    private Integer batchSize;

    @Option(names = "--length", paramLabel = "N", description = "Tokens in a sequence.")
    private Integer length;

    @Option(names = "--accumulate", paramLabel = "N", description = "Batches in a step.")
    private Integer accumulate;

    @Option(names = "--optimizer", paramLabel = "TYPE", description = "adamw or muon.")
    private String optimizer;

    @Option(names = "--lr", paramLabel = "RATE", description = "Peak learning rate.")
    private Double lr;

    @Option(names = "--eval-every", paramLabel = "N", description = "Steps between evaluations on the validation text.")
    private Long evalEvery;

    @Option(names = "--checkpoint-every", paramLabel = "N", description = "Steps between checkpoints.")
    private Long checkpointEvery;

    @Option(names = "--keep", paramLabel = "N", description = "Checkpoints to keep besides the best.")
    private Integer keep;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Seed of weights and order of the text: the same seed, the same bits.")
    private Long seed;

    /** Whether anything was given. */
    boolean any() {
        return batchSize != null
                || length != null
                || accumulate != null
                || optimizer != null
                || lr != null
                || evalEvery != null
                || checkpointEvery != null
                || keep != null
                || seed != null;
    }

    /** The preset's training with what the user said. */
    TrainConfig over(TrainConfig preset, Optional<Budget> budget) {
        TrainConfig.Batching b = preset.batching();
        TrainConfig.Saving s = preset.saving();
        return new TrainConfig(
                new TrainConfig.Batching(
                        or(batchSize, b.batchSize()), or(length, b.length()), or(accumulate, b.accumulation())),
                budget.orElse(preset.budget()),
                optimizer(preset.optimizer()),
                preset.schedule().within(budget.orElse(preset.budget())),
                preset.clip(),
                preset.balance(),
                preset.validation(),
                new TrainConfig.Saving(
                        or(evalEvery, s.evalEvery()), or(checkpointEvery, s.checkpointEvery()), or(keep, s.keepLast())),
                preset.maxSkipped(),
                or(seed, preset.seed()));
    }

    private OptimizerConfig optimizer(OptimizerConfig preset) {
        double rate = or(lr, preset.lr());
        return optimizer == null || optimizer.equals(preset.type())
                ? preset.withLr(rate)
                : TrainPresets.optimizer(optimizer, lr == null ? TrainPresets.usualLr(optimizer) : rate);
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
