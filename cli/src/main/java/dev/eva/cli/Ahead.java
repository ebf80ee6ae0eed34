package dev.eva.cli;

import dev.eva.model.checkpoint.ConfigJson;
import dev.eva.model.train.RunFolder;
import dev.eva.tensor.kernel.Kernels;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a command that continues text needs, made ready on a second core while the first reads the command line: a sixth
 * of the time to the first token of a small model.
 */
final class Ahead {
    private static final Set<String> READERS = Set.of("generate", "chat");

    private Ahead() {}

    /** Begins, if the first word is such a command; whoever needs a part of it waits for that part alone. */
    static void begin(List<String> words) {
        if (words.isEmpty() || !READERS.contains(words.getFirst())) {
            return;
        }
        start(() -> readConfig(words));
        if (!DeviceOption.asked(words)) {
            start(Kernels::summary);
        }
    }

    private static void start(Runnable part) {
        Thread thread = new Thread(part, "eva-ahead");
        thread.setDaemon(true);
        thread.start();
    }

    /** Reads JSON, and the config in what may be a checkpoint, for nothing but that it can then be done quickly. */
    private static void readConfig(List<String> words) {
        // A first number sets up BigDecimal, by products of long ones.
        JsonMapper.shared().readTree("[0.0001]");
        if (words.size() > 1) {
            try {
                ConfigJson.read(RunFolder.checkpointOf(Path.of(words.get(1))).resolve("config.json"));
            } catch (RuntimeException e) {
                // The command finds the same and says so.
                return;
            }
        }
    }
}
