package dev.eva.cli;

import dev.eva.model.checkpoint.CheckpointExport;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Option;

/** How large files of weights may be: an option that the commands which write checkpoints share. */
final class ShardSize {
    @Option(
            names = "--max-shard-size",
            paramLabel = "SIZE",
            defaultValue = "5GB",
            converter = ByteSize.class,
            description = "Bytes of weights in a file at most, as 500MB or 2GiB (${DEFAULT-VALUE}).")
    private long bytes;

    long bytes() {
        return bytes;
    }

    /** {@code out: 1.2 GiB of weights as bf16 in 3 files}. */
    static String summary(Path target, Enum<?> dtype, CheckpointExport.Result result) {
        return target + ": " + Table.bytes(result.bytes()) + " of weights as "
                + dtype.name().toLowerCase(Locale.ROOT) + " in " + result.files()
                + (result.files() == 1 ? " file" : " files");
    }
}
