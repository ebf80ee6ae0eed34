package dev.eva.model.checkpoint;

import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterShape;
import dev.eva.model.text.HfTokenizerJson;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Checkpoints of fresh weights, of any size: matrices {@code N(0, initializer_range^2)}, gains one, routing biases
 * zero. They are drawn while they are written, so the model is never in memory; the same seed gives the same weights
 * (rounded, where they are stored as BF16) on any machine and with any number of threads.
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
                writer.add(piece.name(), form.typeOf(piece.name()), piece.dims(), source(p, seeds.nextLong(), config));
            }
        }
        boolean tokenizer = HfTokenizerJson.fitsBytes(config.vocabSize());
        int[] files = new int[1];
        CheckpointFolder.write(target, writer.bytes(), folder -> {
            files[0] = writer.write(folder);
            ReleaseConfig.of(config, form.type()).write(folder);
            if (tokenizer) {
                HfTokenizerJson.writeBytes(config.vocabSize(), config.maxPositionEmbeddings(), folder);
            }
        });
        return new CheckpointExport.Result(writer.bytes(), files[0], tokenizer);
    }

    private static FloatSource source(ParameterShape p, long seed, DeepSeekConfig config) {
        if (p.buffer()) {
            return (from, count, into) -> Arrays.fill(into, 0, count, 0f);
        }
        if (p.dims().length == 1) {
            return (from, count, into) -> Arrays.fill(into, 0, count, 1f);
        }
        return new RandomFloats(seed, (float) config.initializerRange());
    }
}
