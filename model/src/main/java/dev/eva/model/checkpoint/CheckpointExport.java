package dev.eva.model.checkpoint;

import dev.eva.fp8.Fp8Quantizer;
import dev.eva.fp8.Fp8Scale;
import dev.eva.fp8.Fp8Tiling;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.ParameterShape;
import dev.eva.model.text.HfTokenizerJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes a checkpoint as a folder in Hugging Face's format, which transformers, safetensors and tokenizers open. The
 * weights go from file to file in parts, so a model of any size passes through a small heap.
 */
public final class CheckpointExport {
    /** Tensors that are written as float32 whatever the type: selection of experts adds them to scores. */
    private static final String ROUTING_BIAS = ".e_score_correction_bias";

    /** Files of a tokenizer in Hugging Face's format that are handed on as they are. */
    private static final List<String> TOKENIZER_FILES =
            List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja");

    /**
     * How weights are stored.
     *
     * @param type F32; BF16: nearest, ties to even; or F8_E4M3 or F8_E5M2 with scales of blocks of 128 x 128
     * @param scales how those scales are rounded; they are stored as F32 in any case
     * @param fp8Head whether the output head is in FP8, too; releases in FP8 have it in BF16
     * @param maxShardBytes bytes of tensors in a file at most
     */
    public record Form(StoredType type, Fp8Scale scales, boolean fp8Head, long maxShardBytes) {
        /** With scales that are not rounded, and the head as in releases. */
        public Form(StoredType type, long maxShardBytes) {
            this(type, Fp8Scale.FLOAT32, false, maxShardBytes);
        }

        public Form {
            boolean fp8 = type.fp8().isPresent();
            if (type != StoredType.F32 && type != StoredType.BF16 && !fp8) {
                throw new IllegalArgumentException("weights as " + type + "; need F32, BF16, F8_E4M3 or F8_E5M2");
            }
            if (fp8Head && !fp8) {
                throw new IllegalArgumentException("a head in FP8 beside weights as " + type + "; need weights in FP8");
            }
            if (maxShardBytes < 1) {
                throw new IllegalArgumentException("shards of " + maxShardBytes + " bytes; need at least 1");
            }
        }

        StoredType typeOf(String name) {
            if (name.endsWith(ROUTING_BIAS)) {
                return StoredType.F32;
            }
            boolean wide = !HfNames.isFp8(name) && !(fp8Head && HfNames.isHead(name));
            return type.fp8().isPresent() && wide ? StoredType.BF16 : type;
        }
    }

    /**
     * What was written.
     *
     * @param bytes of all tensors
     * @param files safetensors files
     * @param tokenizer whether there is a {@code tokenizer.json}
     * @param losses what each matrix in FP8 has lost
     */
    public record Result(long bytes, int files, boolean tokenizer, List<Loss> losses) {}

    /**
     * What a matrix has lost by being quantised.
     *
     * @param name in the file
     * @param values number of them
     * @param snrDb signal to noise in dB, {@code 10 log10(sum x^2 / sum (x - y)^2)}
     * @param maxAbsError {@code max |x - y|}
     */
    public record Loss(String name, long values, double snrDb, double maxAbsError) {}

    private CheckpointExport() {}

    /**
     * Writes a folder.
     *
     * @param source a checkpoint
     * @param tokenizer the folder in which its {@code tokenizer.json} would be
     * @param target does not exist, or is an empty folder; written beside and renamed
     * @throws CheckpointException if the source does not fit its config, or if {@code target} is not free or cannot be
     *     written; there is then nothing new
     */
    public static Result write(Path source, Path tokenizer, Form form, Path target) {
        try (CheckpointFiles files = CheckpointFiles.open(source)) {
            DeepSeekConfig config =
                    files.predictionLayerNames().isEmpty() ? files.config().withPredictionLayers(0) : files.config();
            List<ParameterShape> shapes = ParameterShape.of(config);
            new WeightReader(files).check(shapes, config);
            ShardedWriter writer = new ShardedWriter(form.maxShardBytes());
            List<QuantisedMatrix> quantised = new ArrayList<>();
            homes(config, shapes).forEach((name, stored) -> {
                int[] dims = Arrays.stream(files.entry(stored).shape())
                        .mapToInt(Math::toIntExact)
                        .toArray();
                StoredType type = form.typeOf(name);
                FloatSource values = StoredFloats.of(files, stored);
                type.fp8()
                        .ifPresentOrElse(
                                format -> {
                                    Fp8Quantizer blocks =
                                            new Fp8Quantizer(format, Fp8Tiling.BLOCK_128X128, form.scales());
                                    quantised.add(new QuantisedMatrix(name, dims[0], dims[1], values, blocks));
                                    writer.add(name, type, dims, quantised.getLast());
                                },
                                () -> writer.add(name, type, dims, values));
            });
            Path beside =
                    Files.isDirectory(source) ? source : source.toAbsolutePath().getParent();
            int[] count = new int[1];
            boolean[] withTokenizer = new boolean[1];
            CheckpointFolder.write(target, writer.bytes(), folder -> {
                count[0] = writer.write(folder);
                ReleaseConfig.of(config, form)
                        .tokenIdsOf(
                                JsonMapper.shared().readTree(Files.readString(beside.resolve(CheckpointFiles.CONFIG))))
                        .write(folder);
                copy(beside, ReleaseConfig.GENERATION, folder);
                withTokenizer[0] = tokenizer(tokenizer, config.maxPositionEmbeddings(), folder);
            });
            return new Result(
                    writer.bytes(),
                    count[0],
                    withTokenizer[0],
                    quantised.stream().map(QuantisedMatrix::loss).toList());
        }
    }

    /**
     * The tensors to write, in the order of the model, and under what name each is stored: its own, but for the copies
     * of embedding and head that releases have in multi-token prediction layers.
     */
    private static Map<String, String> homes(DeepSeekConfig config, List<ParameterShape> shapes) {
        Map<String, String> homes = new LinkedHashMap<>();
        shapes.forEach(p -> HfNames.pieces(p).forEach(piece -> homes.put(piece.name(), piece.name())));
        for (int k = 0; k < config.numNextnPredictLayers(); k++) {
            homes.putAll(HfNames.copies(config.numHiddenLayers() + k));
        }
        return homes;
    }

    private static boolean tokenizer(Path from, int maxLength, Path to) throws IOException {
        if (HfTokenizerJson.convert(from, maxLength, to)) {
            return true;
        }
        for (String name : TOKENIZER_FILES) {
            copy(from, name, to);
        }
        boolean copied = Files.exists(to.resolve(TOKENIZER_FILES.getFirst()));
        if (copied && !Files.exists(to.resolve(TOKENIZER_FILES.get(1)))) {
            HfTokenizerJson.writeConfig(maxLength, to);
        }
        return copied;
    }

    private static void copy(Path from, String name, Path to) throws IOException {
        if (Files.isRegularFile(from.resolve(name))) {
            byte[] bytes = Files.readAllBytes(from.resolve(name));
            AtomicFile.write(to.resolve(name), channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes)));
        }
    }
}
