package dev.eva.bench;

import dev.eva.fp8.Fp8Format;
import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.text.Corpus;
import dev.eva.model.train.Budget;
import dev.eva.model.train.OptimizerConfig;
import dev.eva.model.train.Precision;
import dev.eva.model.train.TrainConfig;
import dev.eva.model.train.TrainPresets;
import dev.eva.model.train.TrainingRun;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Tensor;
import java.nio.file.Path;
import java.util.Locale;

/** Runs of a preset that differ in the precision of their products alone, or in a disturbance to compare that with. */
final class PrecisionRuns {
    private static final long NEVER = 1_000_000;

    /** What distinguishes a run from the one in float32. */
    enum Variant {
        FP32(Precision.FP32),
        /** The rate is another by its last bit: what any difference grows to. */
        FP32_ULP(Precision.FP32),
        /** The first weights are rounded to FP8, once: what a difference of FP8's size grows to. */
        FP32_ROUNDED_ONCE(Precision.FP32),
        FP8(Precision.FP8),
        FP8_GRAD_BLOCKS(Precision.FP8_GRAD_BLOCKS);

        final Precision precision;

        Variant(Precision precision) {
            this.precision = precision;
        }

        String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        static Variant of(String word) {
            return valueOf(word.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }

    private PrecisionRuns() {}

    /** A new run in {@code folder}. */
    static TrainingRun create(Path folder, String preset, Variant variant, int batch, long steps, long seed) {
        TrainConfig c = TrainPresets.byName(preset);
        Budget budget = new Budget.Steps(steps);
        OptimizerConfig optimizer = c.optimizer();
        TrainConfig train = new TrainConfig(
                new TrainConfig.Batching(batch, c.batching().length(), 1),
                budget,
                variant == Variant.FP32_ULP ? optimizer.withLr(Math.nextUp((float) optimizer.lr())) : optimizer,
                c.schedule().within(budget),
                c.clip(),
                c.balance(),
                c.mtp(),
                variant.precision,
                c.validation(),
                new TrainConfig.Saving(NEVER, NEVER, 1),
                c.maxSkipped(),
                seed);
        DeepSeekConfig shape = Presets.byName(preset)
                .withMaxPositionEmbeddings(train.batching().length());
        TrainingRun run =
                TrainingRun.create(folder, preset, shape, Corpus.of(TrainPresets.defaultData()), "char", train);
        if (variant == Variant.FP32_ROUNDED_ONCE) {
            run.trainer().model().parameters().forEach(PrecisionRuns::round);
        }
        return run;
    }

    private static void round(Parameter p) {
        if (p.role() == Parameter.Role.MATRIX) {
            Tensor w = p.value();
            w.set(new Fp8Quantizer(Fp8Format.E4M3, Fp8Tiling.BLOCK_128X128, Fp8Scale.FLOAT32)
                    .quantize(w.array(), w.offset(), w.rows(), w.dim(-1))
                    .dequantize()
                    .view(w.shape()));
        }
    }
}
