package dev.eva.model.train;

import dev.eva.nn.optim.MomentFormat;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code train.json}: what a run was started with, so that it can go on.
 *
 * @param name the preset or the file of the model's shape
 * @param data the words that find the text again
 * @param textHash SHA-256 of the text: a run does not go on with another one
 * @param tokenizer the tokenizer's type
 * @param train the rest
 */
public record RunSettings(String name, List<String> data, String textHash, String tokenizer, TrainConfig train) {
    public RunSettings {
        data = List.copyOf(data);
    }

    /** Reads the file of a run, of an older version of Eva too. */
    static RunSettings read(Path file) {
        return Json.read(file, RunSettings.class, root -> {
            if (root.path("train") instanceof ObjectNode train) {
                if (!train.has("mtp")) {
                    train.putObject("mtp")
                            .put("first", TrainConfig.Mtp.DEEPSEEK.first())
                            .put("last", TrainConfig.Mtp.DEEPSEEK.last());
                }
                if (train.path("batching") instanceof ObjectNode batching && !batching.has("growth")) {
                    batching.putObject("growth")
                            .put("first", TrainConfig.Growth.NONE.first())
                            .put("tokens", TrainConfig.Growth.NONE.tokens());
                }
                if (!train.has("precision")) {
                    train.put("precision", Precision.FP32.name());
                }
                if (train.path("optimizer") instanceof ObjectNode optimizer && !optimizer.has("moments")) {
                    optimizer.put("moments", MomentFormat.FP32.name());
                }
            }
        });
    }
}
