package dev.eva.model.train;

import dev.eva.nn.optim.MomentFormat;
import java.util.List;

/** How each model preset is trained unless the user says otherwise. */
public final class TrainPresets {
    private static final double EPS = 1e-8;
    private static final int KEEP = 2;
    private static final int MAX_SKIPPED = 5;
    private static final double VALIDATION = 0.1;
    private static final long WARMUP = 100;
    private static final double STABLE = 0.4;
    private static final double END = 0.1;
    /** About what the time of a preset by minutes is enough for: 500 steps on a slow machine, 2,000 on a quick one. */
    private static final double USUAL_STEPS = 1000;

    private static final double MOST_HASTE = 2;

    private TrainPresets() {}

    /**
     * Training of the named preset; any other name (a model of the user's own) gets the defaults of a model of its
     * kind.
     */
    public static TrainConfig byName(String name) {
        return switch (name) {
            case "shakespeare" -> shakespeare();
            case "shakespeare-bench" -> adamW(new TrainConfig.Batching(32, 128, 1), 2000, 1e-3);
            case "mini" -> adamW(new TrainConfig.Batching(8, 128, 1), 500, 1e-3);
            case "small" -> adamW(new TrainConfig.Batching(8, 256, 1), 2000, 6e-4);
            default -> adamW(new TrainConfig.Batching(8, 256, 1), 2000, 3e-4);
        };
    }

    /** Words of the text that a run takes when none is named. */
    public static List<String> defaultData() {
        return List.of("shakespeare");
    }

    /** The optimizer of a type with the constants of the preset that trains with it. */
    public static OptimizerConfig optimizer(String type, double lr) {
        return switch (type) {
            case "adamw" -> new OptimizerConfig.AdamW(lr, 0.9, 0.95, EPS, 0.1, MomentFormat.FP32);
            case "muon" -> new OptimizerConfig.Muon(lr, 0.95, 0.1, 0.9, 0.95, EPS, MomentFormat.FP32);
            default -> throw new TrainException("optimizer: unknown type " + type + "; need adamw or muon");
        };
    }

    /** The schedule of a type with the constants that the presets use. */
    public static ScheduleConfig schedule(String type) {
        return switch (type) {
            case "wsd" -> new ScheduleConfig.Wsd(WARMUP, STABLE, END);
            case "cosine" -> new ScheduleConfig.Cosine(WARMUP, END);
            default -> throw new TrainException("schedule: unknown type " + type + "; need wsd or cosine");
        };
    }

    /** A peak rate that suits small models under an optimizer that the preset does not use. */
    public static double usualLr(String type) {
        return type.equals("muon") ? 6e-3 : 1e-3;
    }

    /**
     * The peak rate of a preset for a budget that may be shorter than its own. Muon, whose update has a size that the
     * gradient does not decide, takes more where there are few steps: {@code lr sqrt(usual / budget)}, at most twice
     * the preset's. Other optimizers, and longer budgets, keep the rate.
     */
    public static double rate(TrainConfig preset, Budget budget) {
        OptimizerConfig optimizer = preset.optimizer();
        return optimizer instanceof OptimizerConfig.Muon
                ? optimizer.lr() * Math.clamp(Math.sqrt(1 / share(preset.budget(), budget)), 1, MOST_HASTE)
                : optimizer.lr();
    }

    /** The part of a preset's usual budget that another is. */
    private static double share(Budget usual, Budget budget) {
        return switch (budget) {
            case Budget.Steps s -> s.steps() / (usual instanceof Budget.Steps u ? (double) u.steps() : USUAL_STEPS);
            case Budget.Minutes m -> usual instanceof Budget.Minutes u ? m.minutes() / u.minutes() : 1;
        };
    }

    /**
     * Under three minutes on two cores, whatever their speed, the last evaluation and checkpoint included; docs/log.md
     * has the loss over tokens and what was tried.
     */
    private static TrainConfig shakespeare() {
        return new TrainConfig(
                new TrainConfig.Batching(16, 128, 1, new TrainConfig.Growth(4, 1 << 18)),
                new Budget.Minutes(2.8),
                optimizer("muon", 6e-3),
                new ScheduleConfig.Wsd(10, 0.4, 0.02),
                1.0,
                new TrainConfig.Balance(1e-4, 1e-3),
                TrainConfig.Mtp.DEEPSEEK,
                Precision.FP32,
                VALIDATION,
                new TrainConfig.Saving(400, 400, KEEP),
                MAX_SKIPPED,
                1);
    }

    private static TrainConfig adamW(TrainConfig.Batching batching, long steps, double lr) {
        return new TrainConfig(
                batching,
                new Budget.Steps(steps),
                optimizer("adamw", lr),
                schedule("wsd"),
                1.0,
                new TrainConfig.Balance(1e-4, 1e-3),
                TrainConfig.Mtp.DEEPSEEK,
                Precision.FP32,
                VALIDATION,
                new TrainConfig.Saving(250, 250, KEEP),
                MAX_SKIPPED,
                1);
    }
}
