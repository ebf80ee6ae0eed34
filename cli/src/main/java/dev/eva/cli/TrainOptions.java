package dev.eva.cli;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.train.Budget;
import dev.eva.model.train.OptimizerConfig;
import dev.eva.model.train.Precision;
import dev.eva.model.train.ScheduleConfig;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainPresets;
import dev.eva.nn.optim.MomentFormat;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the user changes of a preset's training. */
final class TrainOptions {
    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "Sequences in a batch, from the first step on (shakespeare's grows from 4 to 16).")
    private Integer batchSize;

    @Option(names = "--length", paramLabel = "N", description = "Tokens in a sequence.")
    private Integer length;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description = "Batches in a step, whose gradients are added (default: one; with --ranks, one a rank).")
    private Integer accumulate;

    @Option(names = "--optimizer", paramLabel = "TYPE", description = "adamw or muon.")
    private String optimizer;

    @Option(
            names = "--moments",
            paramLabel = "fp32|bf16",
            description = "What AdamW carries its moments in; bf16 takes half the memory (fp32).")
    private MomentFormat moments;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description = "Peak learning rate (default: the preset's; with muon up to twice that in a short run).")
    private Double lr;

    @Option(names = "--weight-decay", paramLabel = "W", description = "Decay of the matrices, a step: rate * W.")
    private Double weightDecay;

    @Option(
            names = "--schedule",
            paramLabel = "TYPE",
            description = "How the rate falls: wsd (stable, then linear) or cosine.")
    private String schedule;

    @Option(names = "--warmup", paramLabel = "N", description = "Steps until the peak rate.")
    private Long warmup;

    @Option(names = "--clip", paramLabel = "NORM", description = "Largest norm of a step's gradient.")
    private Double clip;

    @Option(
            names = "--balance-alpha",
            paramLabel = "A",
            description = "Weight of the sequence-wise balance loss; 0 for none.")
    private Double balanceAlpha;

    @Option(names = "--bias-gamma", paramLabel = "G", description = "Step of the routing bias; 0 for none.")
    private Double biasGamma;

    @Option(
            names = "--mtp",
            paramLabel = "N",
            description = "Multi-token prediction layers, trained along: the k-th learns the token after the next k; "
                    + "eva generate --speculative drafts with the first.")
    private Integer mtp;

    @Option(
            names = "--mtp-weight",
            paramLabel = "L",
            description = "Weight of their mean loss (default: 0.3, for the last third of the steps 0.1).")
    private Double mtpWeight;

    @Option(
            names = "--precision",
            paramLabel = "fp32|fp8|fp8-grad-blocks",
            converter = PrecisionName.class,
            description = "Of the products: fp8 as DeepSeek-V3 trains; with fp8-grad-blocks gradients share scales in "
                    + "blocks of 128 x 128, to see what that does (fp32).")
    private Precision precision;

    @Option(names = "--validation", paramLabel = "SHARE", description = "Share of the text held out at its end.")
    private Double validation;

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
                || moments != null
                || weightDecay != null
                || schedule != null
                || warmup != null
                || clip != null
                || balanceAlpha != null
                || biasGamma != null
                || mtp != null
                || mtpWeight != null
                || precision != null
                || validation != null
                || evalEvery != null
                || checkpointEvery != null
                || keep != null
                || seed != null;
    }

    /** The shape with the multi-token prediction layers that the user wants. */
    DeepSeekConfig shape(DeepSeekConfig model) {
        int layers = or(mtp, model.numNextnPredictLayers());
        if (layers < 0) {
            throw new IllegalArgumentException("--mtp: " + layers + "; need 0 or more");
        }
        if (mtpWeight != null && layers == 0) {
            throw new IllegalArgumentException("--mtp-weight: there are no layers for it; need --mtp 1");
        }
        return model.withPredictionLayers(layers);
    }

    /**
     * The preset's training with what the user said.
     *
     * @param ranks processes that share a step; unless the user says more, each does what one alone would
     */
    TrainConfig over(TrainConfig preset, Optional<Budget> budget, int ranks) {
        TrainConfig.Batching b = preset.batching();
        TrainConfig.Saving s = preset.saving();
        return new TrainConfig(
                new TrainConfig.Batching(
                        or(batchSize, b.batchSize()),
                        or(length, b.length()),
                        or(accumulate, ranks * b.accumulation()),
                        batchSize == null ? b.growth() : TrainConfig.Growth.NONE),
                budget.orElse(preset.budget()),
                optimizer(preset.optimizer().withLr(TrainPresets.rate(preset, budget.orElse(preset.budget())))),
                schedule(preset.schedule()).within(budget.orElse(preset.budget())),
                or(clip, preset.clip()),
                new TrainConfig.Balance(
                        or(balanceAlpha, preset.balance().alpha()),
                        or(biasGamma, preset.balance().gamma())),
                mtpWeight == null ? preset.mtp() : new TrainConfig.Mtp(mtpWeight, mtpWeight),
                precision == null ? preset.precision() : precision,
                or(validation, preset.validation()),
                new TrainConfig.Saving(
                        or(evalEvery, s.evalEvery()), or(checkpointEvery, s.checkpointEvery()), or(keep, s.keepLast())),
                preset.maxSkipped(),
                or(seed, preset.seed()));
    }

    private OptimizerConfig optimizer(OptimizerConfig preset) {
        double rate = or(lr, preset.lr());
        OptimizerConfig chosen = optimizer == null || optimizer.equals(preset.type())
                ? preset.withLr(rate)
                : TrainPresets.optimizer(optimizer, lr == null ? TrainPresets.usualLr(optimizer) : rate);
        OptimizerConfig carrying = moments == null ? chosen : chosen.withMoments(moments);
        return weightDecay == null ? carrying : carrying.withWeightDecay(weightDecay);
    }

    private ScheduleConfig schedule(ScheduleConfig preset) {
        ScheduleConfig chosen =
                schedule == null || schedule.equals(preset.type()) ? preset : TrainPresets.schedule(schedule);
        return warmup == null ? chosen : chosen.withWarmup(warmup);
    }

    private static <T> T or(T given, T otherwise) {
        return given == null ? otherwise : given;
    }
}
