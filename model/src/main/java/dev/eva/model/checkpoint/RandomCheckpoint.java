package dev.eva.model.checkpoint;

import dev.eva.fp8.E4m3;
import dev.eva.fp8.Fp8Blocks;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterShape;
import dev.eva.model.text.HfTokenizerJson;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Checkpoints of fresh weights, of any size: matrices {@code N(0, initializer_range^2)}, gains one, routing biases
 * zero. They are drawn while they are written, so the model is never in memory; the same seed gives the same weights
 * (rounded, where they are stored as BF16 or FP8) on any machine and with any number of threads.
 */
public final class RandomCheckpoint {
    private RandomCheckpoint() {}

    /**
     * Writes a folder as {@link CheckpointExport} does, with a tokenizer of bytes where the vocabulary has room for
     * one.
     *
     * @throws CheckpointException if {@code target} is not free or cannot be written; there is then nothing new
     */
    public static CheckpointExport.Result write(
            DeepSeekConfig config, long seed, CheckpointExport.Form form, Path target) {
        ShardedWriter writer = new ShardedWriter(form.maxShardBytes());
        SplittableRandom seeds = new SplittableRandom(seed);
        for (ParameterShape p : ParameterShape.of(config)) {
            for (HfNames.Piece piece : HfNames.pieces(p)) {
                add(writer, form.typeOf(piece.name()), piece, source(p, seeds.nextLong(), config));
            }
        }
        boolean tokenizer = HfTokenizerJson.fitsBytes(config.vocabSize());
        int[] files = new int[1];
        CheckpointFolder.write(target, writer.bytes(), folder -> {
            files[0] = writer.write(folder);
            ReleaseConfig.of(config, form).write(folder);
            if (tokenizer) {
                HfTokenizerJson.writeBytes(config.vocabSize(), config.maxPositionEmbeddings(), folder);
            }
        });
        return new CheckpointExport.Result(writer.bytes(), files[0], tokenizer, List.of());
    }

    /**
     * In FP8 the scale is one for all blocks: it puts eight standard deviations at the largest code, and what a
     * floating-point code loses does not depend on it.
     */
    private static void add(ShardedWriter writer, StoredType type, HfNames.Piece piece, FloatSource source) {
        if (type != StoredType.F8_E4M3) {
            writer.add(piece.name(), type, piece.dims(), source);
            return;
        }
        RandomFloats normal = (RandomFloats) source;
        float std = E4m3.MAX / 8;
        writer.add(piece.name(), type, piece.dims(), new RandomFloats(normal.seed(), std));
        int[] grid = {Fp8Blocks.blocks(piece.dims()[0]), Fp8Blocks.blocks(piece.dims()[1])};
        writer.add(piece.name() + HfNames.SCALE_SUFFIX, StoredType.F32, grid, constant(normal.std() / std));
    }

    private static FloatSource source(ParameterShape p, long seed, DeepSeekConfig config) {
        if (p.buffer()) {
            return constant(0f);
        }
        if (p.dims().length == 1) {
            return constant(1f);
        }
        return new RandomFloats(seed, (float) config.initializerRange());
    }

    private static FloatSource constant(float value) {
        return (from, count, into) -> Arrays.fill(into, 0, count, value);
    }
}
