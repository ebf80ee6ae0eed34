package dev.eva.cli;

import dev.eva.model.checkpoint.CheckpointExport;
import dev.eva.model.train.RunFolder;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a model as a folder that transformers loads. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Writes a model as a folder that transformers, safetensors and tokenizers open.%n",
        footer = {
            "",
            "The folder holds config.json, generation_config.json, model.safetensors (or shards with an index) and",
            "tokenizer.json with tokenizer_config.json; eva's own tokenizers are written in Hugging Face's format.",
            "Routing biases stay f32. The folder appears when all of it is written.",
            "",
            "Examples:",
            "  eva export runs/shakespeare plays-hf",
            "  eva export runs/shakespeare plays-bf16 --dtype bf16",
            "  eva export DeepSeek-V2-Lite v2-lite-bf16 --dtype bf16 --max-shard-size 2GB"
        })
final class ExportCommand implements Runnable {
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
            names = "--dtype",
            paramLabel = "f32|bf16",
            defaultValue = "f32",
            description = "Type of the weights; bf16 rounds to the nearest (${DEFAULT-VALUE}).")
    private WideType dtype;

    @Mixin
    private ShardSize shardSize;

    @Override
    public void run() {
        Path checkpoint = RunFolder.checkpointOf(model);
        CheckpointExport.Result result = CheckpointExport.write(
                checkpoint,
                GenerateCommand.folderOfTokenizer(checkpoint),
                new CheckpointExport.Form(dtype.stored, shardSize.bytes()),
                target);
        spec.commandLine()
                .getOut()
                .println(ShardSize.summary(target, dtype, result)
                        + (result.tokenizer() ? ", with its tokenizer" : "; " + checkpoint + " has no tokenizer.json"));
    }
}
