package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Scale;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.DeepSeekModel;
import dev.eva.model.ParameterShape;
import dev.eva.nn.FreshWeights;
import dev.eva.nn.Parameter;
import dev.eva.tensor.Tensor;
import dev.eva.tensor.kernel.OperandRounding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;

/**
 * A model on disk: {@code config.json} and safetensors with the names of Hugging Face's DeepSeek-V2 and V3
 * checkpoints, one tensor an expert.
 */
public final class Checkpoint {
    /** Bytes of float32 up to which a model is small: what caches hold, about. */
    private static final long SMALL = 64 << 20;

    private Checkpoint() {}

    /**
     * Reads a model, widened to float32 where it is stored in 16 bits or in FP8 blocks. Multi-token prediction layers
     * are read where the config and the files have them; their copies of embedding and head must be equal.
     *
     * @param path a folder, or one safetensors file with {@code config.json} beside it
     * @throws CheckpointException if a file is malformed, or if tensors are missing, too many or of another shape:
     * all in one message
     */
    public static DeepSeekModel load(Path path) {
        return load(path, name -> null);
    }

    /**
     * The same, to be trained with products that round their operands first.
     *
     * @param rounding what the products of the weight of that name round first, or null
     */
    public static DeepSeekModel load(Path path, Function<String, OperandRounding> rounding) {
        try (CheckpointFiles files = CheckpointFiles.open(path)) {
            return load(files, rounding);
        }
    }

    /** Reads a model from files that are open already. */
    public static DeepSeekModel load(CheckpointFiles files) {
        return load(files, name -> null);
    }

    private static DeepSeekModel load(CheckpointFiles files, Function<String, OperandRounding> rounding) {
        DeepSeekConfig config = config(files);
        List<ParameterShape> shapes = ParameterShape.of(config);
        WeightReader reader = new WeightReader(files);
        reader.check(shapes, config);
        checkMemory(files.path(), shapes);
        return read(config, reader, rounding);
    }

    private static DeepSeekModel read(
            DeepSeekConfig config, WeightReader reader, Function<String, OperandRounding> rounding) {
        DeepSeekModel model = DeepSeekModel.of(config, FreshWeights.zeros(rounding));
        reader.read(model.parameters());
        return model;
    }

    /**
     * Opens a model for generating. A small one is read as by {@link #load(Path)}: in the processor's cache, packed
     * float32 is quickest (1.3 times for 1.9 million weights). A larger one is mapped.
     *
     * @param path as for {@link #load(Path)}, with the same errors
     */
    public static MappedModel open(Path path) {
        return open(path, true, files -> null);
    }

    /**
     * Opens a model whose matrices are read in their stored type where they lie in the mapped files, so it may be
     * larger than the heap.
     *
     * @param path as for {@link #load(Path)}, with the same errors
     */
    public static MappedModel openMapped(Path path) {
        return open(path, false, files -> null);
    }

    /**
     * The same, with FP8 weights that take their input in FP8, too ({@link dev.eva.fp8.W8a8Weight}). Scales of inputs
     * are rounded to powers of two where the config's {@code quantization_config} has {@code scale_fmt} "ue8m0".
     */
    public static MappedModel openW8a8(Path path) {
        return open(path, false, CheckpointFiles::inputScale);
    }

    private static MappedModel open(Path path, boolean smallOnHeap, Function<CheckpointFiles, Fp8Scale> inputScale) {
        CheckpointFiles files = CheckpointFiles.open(path);
        try {
            DeepSeekConfig config = config(files);
            List<ParameterShape> shapes = ParameterShape.of(config);
            WeightReader reader = new WeightReader(files);
            reader.check(shapes, config);
            StoredWeights weights = new StoredWeights(files, inputScale.apply(files));
            boolean small =
                    bytes(shapes) <= Math.min(SMALL, Runtime.getRuntime().maxMemory() / 8);
            DeepSeekModel model =
                    smallOnHeap && small ? read(config, reader, name -> null) : DeepSeekModel.of(config, weights);
            return new MappedModel(model, files, weights);
        } catch (RuntimeException | Error e) {
            files.close();
            throw e;
        }
    }

    /** The config, without prediction layers where the files have none. */
    private static DeepSeekConfig config(CheckpointFiles files) {
        return files.predictionLayerNames().isEmpty() ? files.config().withPredictionLayers(0) : files.config();
    }

    /**
     * Writes {@code config.json} and {@code model.safetensors} (F32) into a folder, which is created where it is
     * missing. Each file is
     * written beside its place and renamed.
     *
     * @throws CheckpointException if that fails; the files of before are then untouched
     */
    public static void save(DeepSeekModel model, Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new CheckpointException("save " + folder + ": cannot create the folder: " + e.getMessage(), e);
        }
        // transformers refuses a file without a format.
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        for (Parameter p : model.parameters()) {
            Tensor value = p.value();
            for (HfNames.Piece piece : HfNames.pieces(p.name(), value.shape().dims())) {
                writer.add(piece.name(), value.array(), value.offset() + piece.offset(), piece.dims());
            }
        }
        writer.write(folder.resolve(CheckpointFiles.SINGLE));
        ConfigJson.write(model.config(), folder.resolve(CheckpointFiles.CONFIG));
    }

    private static long bytes(List<ParameterShape> shapes) {
        return 4 * shapes.stream().mapToLong(ParameterShape::size).sum();
    }

    private static void checkMemory(Path path, List<ParameterShape> shapes) {
        long bytes = bytes(shapes);
        long most = Runtime.getRuntime().maxMemory();
        if (bytes > most) {
            throw new CheckpointException(
                    path + ": " + (bytes >> 20) + " MiB of weights in float32 do not fit in the heap of " + (most >> 20)
                            + " MiB; give the JVM more with -Xmx");
        }
    }
}
