package dev.eva.model.parity;

import dev.eva.model.checkpoint.CheckpointException;
import dev.eva.model.checkpoint.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs everything that a folder holds references for, and compares. By its files a folder is
 *
 * <ul>
 *   <li>a training case: {@code train.json} and {@code expected.safetensors}; its {@code start} lies beside the folder;
 *   <li>a model case: a checkpoint and {@code expected.safetensors};
 *   <li>number formats: {@code codec.safetensors};
 *   <li>rope tables: {@code rope.safetensors} and {@code rope.json};
 *   <li>routing problems: {@code router.safetensors} and {@code router.json}.
 * </ul>
 *
 * <p>Sizes, depths and settings come from the files. A reference that nothing here computes is skipped, never passed.
 */
public final class Parity {
    private static final String EXPECTED = "expected.safetensors";

    /** Computes what a sheet asks for from the files of a folder. */
    private interface Case {
        void compare(Path folder, Sheet sheet);
    }

    private Parity() {}

    /**
     * Compares all that a folder holds.
     *
     * @throws CheckpointException if it holds nothing to compare, or a file is missing or malformed; one line
     */
    public static ParityReport run(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new CheckpointException(folder + ": no such folder");
        }
        List<ParityRow> rows = new ArrayList<>();
        if (has(folder, "train.json")) {
            rows.addAll(compare(folder, EXPECTED, TrainingCase::compare));
        } else if (has(folder, EXPECTED) || has(folder, "config.json")) {
            rows.addAll(compare(folder, EXPECTED, ModelCase::compare));
        }
        if (has(folder, "codec.safetensors")) {
            rows.addAll(compare(folder, "codec.safetensors", (f, sheet) -> CodecCase.compare(sheet)));
        }
        if (has(folder, "rope.safetensors") || has(folder, "rope.json")) {
            rows.addAll(compare(folder, "rope.safetensors", RopeCase::compare));
        }
        if (has(folder, "router.safetensors") || has(folder, "router.json")) {
            rows.addAll(compare(folder, "router.safetensors", RouterCase::compare));
        }
        if (rows.isEmpty()) {
            throw new CheckpointException(folder + ": nothing to compare; need " + EXPECTED
                    + ", codec.safetensors, rope.safetensors or router.safetensors with tensors in it");
        }
        return new ParityReport(folder.toString(), rows);
    }

    private static boolean has(Path folder, String name) {
        return Files.exists(folder.resolve(name));
    }

    private static List<ParityRow> compare(Path folder, String reference, Case c) {
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(reference))) {
            Sheet sheet = new Sheet(file);
            c.compare(folder, sheet);
            return sheet.finish();
        }
    }
}
