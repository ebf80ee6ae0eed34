package dev.eva.cli;

import dev.eva.fp8.Fp8Scale;
import dev.eva.model.DeepSeekConfig;
import dev.eva.model.Presets;
import dev.eva.model.checkpoint.CheckpointExport;
import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.checkpoint.RandomCheckpoint;
import dev.eva.model.checkpoint.StoredType;
import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a checkpoint of random weights, for trying things at any size. */
@Command(
        name = "init",
        mixinStandardHelpOptions = true,
        versionProvider = Eva.Version.class,
        header = "Writes a checkpoint of random weights.%n",
        footer = {
            "",
            "Matrices are normal with the config's initializer_range, gains one, routing biases zero. The weights are",
            "drawn while they are written: memory does not limit the size. The same seed gives the same weights.",
            "In fp8, embedding, head, norms and routers are bf16, as in releases; --fp8-head has the head in fp8, too.",
            "With a vocabulary of 256 or more there is a tokenizer of bytes.",
            "",
            "Examples:",
            "  eva init --preset mini random-mini",
            "  eva init --preset lite --dtype bf16 --max-shard-size 500MB --seed 7 random-lite",
            "  eva init --config my-config.json my-model"
        })
final class InitCommand implements Runnable {
    /** Where the shape is from. */
    private static final class Shape {
        @Option(names = "--preset", paramLabel = "NAME", required = true, description = "A named shape; see eva info.")
        private String preset;

        @Option(
                names = "--config",
                paramLabel = "FILE",
                required = true,
                description = "A shape of your own: the keys of Hugging Face's config.json.")
        private Path config;
    }

    /** Types of stored weights, by their names on the command line. */
    private enum Dtype {
        F32(StoredType.F32),
        BF16(StoredType.BF16),
        FP8(StoredType.F8_E4M3);

        private final StoredType stored;

        Dtype(StoredType stored) {
            this.stored = stored;
        }
    }

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Shape shape;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Of the weights (${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--dtype",
            paramLabel = "f32|bf16|fp8",
            defaultValue = "f32",
            description = "Type of the weights; fp8 is E4M3 with scales of 128 x 128 blocks (${DEFAULT-VALUE}).")
    private Dtype dtype;

    @Option(
            names = "--fp8-head",
            description = "With --dtype fp8: the output head in FP8, too, which releases have in bf16.")
    private boolean fp8Head;

    @Mixin
    private ShardSize shardSize;

    @Parameters(paramLabel = "OUT", description = "A new or empty folder.")
    private Path target;

    @Override
    public void run() {
        if (fp8Head && dtype != Dtype.FP8) {
            throw new ParameterException(spec.commandLine(), "--fp8-head: needs --dtype fp8");
        }
        CheckpointExport.Form form =
                new CheckpointExport.Form(dtype.stored, Fp8Scale.FLOAT32, fp8Head, shardSize.bytes());
        CheckpointExport.Result result = RandomCheckpoint.write(config(), seed, form, target);
        spec.commandLine()
                .getOut()
                .println(ShardSize.summary(target, dtype, result)
                        + (result.tokenizer() ? ", with a tokenizer of bytes" : ", no tokenizer"));
    }

    private DeepSeekConfig config() {
        if (shape.config != null) {
            return ConfigJson.read(shape.config, ConfigJson.Mode.STRICT);
        }
        if (!Presets.names().contains(shape.preset)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--preset: unknown name " + shape.preset + "; need one of " + String.join(", ", Presets.names()));
        }
        return Presets.byName(shape.preset);
    }
}
