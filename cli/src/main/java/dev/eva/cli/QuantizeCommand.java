package dev.eva.cli;

import dev.eva.fp8.Fp8Scale;
import dev.eva.model.checkpoint.Checkpoint;
import dev.eva.model.checkpoint.CheckpointExport;
import dev.eva.model.checkpoint.CheckpointExport.Loss;
import dev.eva.model.checkpoint.CheckpointFiles;
import dev.eva.model.checkpoint.MappedModel;
import dev.eva.model.checkpoint.StoredType;
import dev.eva.model.text.Corpus;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Tokenizers;
import dev.eva.model.train.RunFolder;
import dev.eva.model.train.ValidationText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Writes a model with weights in FP8, and says what that costs. */
@Command(
        name = "quantize",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        sortOptions = false,
        header = "Writes a model with its weights in FP8, as DeepSeek-V3's releases have them.%n",
        footer = {
            "",
            "The projections of attention, of dense layers and of experts become FP8 with a scale for each block of",
            "128 x 128; embedding, head, norms and routers become bf16, routing biases stay f32. Says how much each",
            "kind of matrix loses (SNR in dB), the size before and after, and, for a run or with --data, the change",
            "of the validation loss. The folder appears when all of it is written.",
            "",
            "The head is read for every token: where the vocabulary is large beside the layers, --fp8-head saves much",
            "of a token's time. transformers reads such a folder (config.json names what is not in FP8); programs that",
            "take the head of every FP8 model for bf16 do not.",
            "",
            "Examples:",
            "  eva quantize runs/shakespeare plays-fp8",
            "  eva quantize DeepSeek-V2-Lite v2-lite-fp8 --max-shard-size 2GB --data held-out.txt",
            "  eva quantize my-model my-model-e5m2 --format e5m2 --scales ue8m0",
            "  eva quantize my-model my-model-fp8 --fp8-head"
        })
final class QuantizeCommand implements Runnable {
    /** Formats of codes, by their names on the command line. */
    private enum Format {
        E4M3(StoredType.F8_E4M3),
        E5M2(StoredType.F8_E5M2);

        private final StoredType stored;

        Format(StoredType stored) {
            this.stored = stored;
        }
    }

    /** How scales are rounded, by names on the command line. */
    private enum Scales {
        FP32(Fp8Scale.FLOAT32),
        UE8M0(Fp8Scale.POWER_OF_TWO);

        private final Fp8Scale scale;

        Scales(Fp8Scale scale) {
            this.scale = scale;
        }
    }

    /** The losses of the same matrix in all layers and experts. */
    private record Kind(String name, int matrices, long values, double least, double mean, double largestError) {
        static Kind of(String name, List<Loss> losses) {
            return new Kind(
                    name,
                    losses.size(),
                    losses.stream().mapToLong(Loss::values).sum(),
                    losses.stream().mapToDouble(Loss::snrDb).min().orElseThrow(),
                    losses.stream().mapToDouble(Loss::snrDb).average().orElseThrow(),
                    losses.stream().mapToDouble(Loss::maxAbsError).max().orElseThrow());
        }
    }

    @Spec
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "RUN|CHECKPOINT",
            description = "A run, which means its best checkpoint, or a checkpoint folder.")
    private Path model;

    @Parameters(index = "1", paramLabel = "DIR", description = "A new or empty folder.")
    private Path target;

    @Option(
            names = "--format",
            paramLabel = "e4m3|e5m2",
            defaultValue = "e4m3",
            description = "Bits of exponent and mantissa (${DEFAULT-VALUE}).")
    private Format format;

    @Option(
            names = "--scales",
            paramLabel = "fp32|ue8m0",
            defaultValue = "fp32",
            description = "Any scales, or powers of two (${DEFAULT-VALUE}); stored as f32 in both cases.")
    private Scales scales;

    @Option(names = "--fp8-head", description = "The output head in FP8, too, which releases have in bf16.")
    private boolean fp8Head;

    @Option(
            names = "--data",
            arity = "1..*",
            paramLabel = "TEXT",
            description = "Text to compare the validation loss on (what the run held out).")
    private List<String> data;

    @Option(names = "--json", description = "The report as JSON, with every matrix.")
    private boolean json;

    @Mixin
    private ShardSize shardSize;

    @Override
    public void run() {
        Path checkpoint = RunFolder.checkpointOf(model);
        Path tokenizer = GenerateCommand.folderOfTokenizer(checkpoint);
        long before;
        try (CheckpointFiles files = CheckpointFiles.open(checkpoint)) {
            before = files.bytesByType().values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
        }
        CheckpointExport.Result result = CheckpointExport.write(
                checkpoint,
                tokenizer,
                new CheckpointExport.Form(format.stored, scales.scale, fp8Head, shardSize.bytes()),
                target);
        double[] losses = validation(checkpoint, tokenizer);
        if (json) {
            printJson(before, result, losses);
        } else {
            print(before, result, losses);
        }
    }

    /** The validation loss before and after; empty where there is no text. */
    private double[] validation(Path checkpoint, Path folder) {
        Optional<ValidationText> text = Optional.empty();
        if (data != null) {
            text = Optional.of(ValidationText.of(Corpus.of(data), Tokenizers.load(folder)));
        } else if (!checkpoint.equals(model)) {
            Tokenizer tokenizer = Tokenizers.load(folder);
            text = ValidationText.ofRun(model, tokenizer);
        }
        try (ValidationText held = text.orElse(null)) {
            return held == null ? new double[0] : new double[] {loss(held, checkpoint), loss(held, target)};
        }
    }

    private static double loss(ValidationText text, Path checkpoint) {
        try (MappedModel mapped = Checkpoint.open(checkpoint)) {
            return text.loss(mapped.model());
        }
    }

    private void print(long before, CheckpointExport.Result result, double... losses) {
        Map<String, List<Loss>> kinds = result.losses().stream()
                .collect(Collectors.groupingBy(
                        l -> l.name()
                                .replaceFirst("^model\\.layers\\.\\d+\\.", "")
                                .replaceFirst("experts\\.\\d+", "experts.*")
                                .replaceFirst("\\.weight$", ""),
                        TreeMap::new,
                        Collectors.toList()));
        Table table = new Table().row("matrix", "number", "values", "least SNR", "mean SNR", "largest error");
        kinds.forEach((name, all) -> {
            Kind k = Kind.of(name, all);
            table.row(
                    k.name,
                    Table.count(k.matrices),
                    Table.magnitude(k.values),
                    String.format(Locale.ROOT, "%.1f dB", k.least),
                    String.format(Locale.ROOT, "%.1f dB", k.mean),
                    String.format(Locale.ROOT, "%.2g", k.largestError));
        });
        PrintWriter out = spec.commandLine().getOut();
        table.print(out, "");
        out.println();
        out.println(ShardSize.summary(target, format, result) + "; before " + Table.bytes(before));
        long values = result.losses().stream().mapToLong(Loss::values).sum();
        out.println(String.format(
                Locale.ROOT,
                "quantised matrices: %s, %.2f %% of their size in f32",
                Table.bytes(quantisedBytes(result)),
                100.0 * quantisedBytes(result) / (4.0 * values)));
        if (losses.length > 0) {
            out.println(String.format(
                    Locale.ROOT,
                    "validation loss: %.4f before, %.4f after (%+.2f %%)",
                    losses[0],
                    losses[1],
                    100 * (losses[1] / losses[0] - 1)));
        }
    }

    /** Codes and scales. */
    private long quantisedBytes(CheckpointExport.Result result) {
        try (CheckpointFiles files = CheckpointFiles.open(target)) {
            return result.losses().stream()
                    .mapToLong(l -> files.entry(l.name()).bytes()
                            + files.entry(l.name() + "_scale_inv").bytes())
                    .sum();
        }
    }

    private void printJson(long before, CheckpointExport.Result result, double... losses) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("folder", target.toString());
        root.put("bytes_before", before);
        root.put("bytes", result.bytes());
        root.put("quantised_bytes", quantisedBytes(result));
        if (losses.length > 0) {
            root.put("validation_loss_before", losses[0]);
            root.put("validation_loss", losses[1]);
        }
        ArrayNode matrices = root.putArray("matrices");
        for (Loss l : result.losses()) {
            matrices.addObject()
                    .put("name", l.name())
                    .put("values", l.values())
                    .put("snr_db", l.snrDb())
                    .put("max_abs_error", l.maxAbsError());
        }
        spec.commandLine().getOut().println(root.toPrettyString());
    }
}
