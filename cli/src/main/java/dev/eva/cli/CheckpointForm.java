package dev.eva.cli;

import dev.eva.model.checkpoint.CheckpointExport;
import dev.eva.model.checkpoint.StoredType;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** How a checkpoint is written: the options that the commands which write one share. */
final class CheckpointForm {
    /** Types of stored weights, by their names on the command line. */
    enum Dtype {
        F32,
        BF16
    }

    @Option(
            names = "--dtype",
            paramLabel = "f32|bf16",
            defaultValue = "f32",
            description = "Type of the weights; bf16 rounds to the nearest (${DEFAULT-VALUE}).")
    private Dtype dtype;

    @Option(
            names = "--max-shard-size",
            paramLabel = "SIZE",
            defaultValue = "5GB",
            converter = ByteSize.class,
            description = "Bytes of weights in a file at most, as 500MB or 2GiB (${DEFAULT-VALUE}).")
    private long maxShardSize;

    CheckpointExport.Form form() {
        return new CheckpointExport.Form(
                switch (dtype) {
                    case F32 -> StoredType.F32;
                    case BF16 -> StoredType.BF16;
                },
                maxShardSize);
    }

    /** {@code out: 1.2 GiB of weights as bf16 in 3 files}. */
    String summary(Path target, CheckpointExport.Result result) {
        return target + ": " + Table.bytes(result.bytes()) + " of weights as "
                + (dtype == Dtype.BF16 ? "bf16" : "f32") + " in " + result.files()
                + (result.files() == 1 ? " file" : " files");
    }
}
