package dev.eva.cli;

import dev.eva.tensor.kernel.Kernels;
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

    /** Begins, if the words name such a command; whoever needs a part of it waits for that part alone. */
    static void begin(List<String> words) {
        if (words.stream().noneMatch(READERS::contains)) {
            return;
        }
        start(JsonMapper::shared);
        if (!DeviceOption.asked(words)) {
            start(Kernels::summary);
        }
    }

    private static void start(Runnable part) {
        Thread thread = new Thread(part, "eva-ahead");
        thread.setDaemon(true);
        thread.start();
    }
}
