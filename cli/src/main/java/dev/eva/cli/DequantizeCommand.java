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

/** Writes a model in FP8 with wider weights. */
@Command(
        name = "dequantize",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        sortOptions = false,
        header = "Writes a model that is in FP8 with wider weights: codes times the scales of their blocks.%n",
        footer = {
            "",
            "In f32 the weights are exactly those that the codes stand for; bf16 rounds them to the nearest.",
            "",
            "Examples:",
            "  eva dequantize plays-fp8 plays-bf16",
            "  eva dequantize DeepSeek-V3 v3-f32 --dtype f32 --max-shard-size 10GB"
        })
final class DequantizeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "CHECKPOINT", description = "A checkpoint folder.")
    private Path model;

    @Parameters(index = "1", paramLabel = "DIR", description = "A new or empty folder.")
    private Path target;

    @Option(
            names = "--dtype",
            paramLabel = "f32|bf16",
            defaultValue = "bf16",
            description = "Type of the weights (${DEFAULT-VALUE}).")
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
        spec.commandLine().getOut().println(ShardSize.summary(target, dtype, result));
    }
}
