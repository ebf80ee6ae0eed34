package dev.eva.model.checkpoint;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/** What a checkpoint folder says about generating. */
public final class GenerationConfig {
    private static final List<String> FILES = List.of("generation_config.json", "config.json");
    private static final String END = "eos_token_id";

    private GenerationConfig() {}

    /**
     * The ids that end a text: {@code eos_token_id}, a number or several, of {@code generation_config.json}, else of
     * {@code config.json}; none where neither has one.
     *
     * @throws CheckpointException if a file is not JSON or the value is something else
     */
    public static Set<Integer> endIds(Path folder) {
        for (String name : FILES) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                JsonFields fields = JsonFields.read(file);
                if (fields.has(END)) {
                    return ids(file, fields.node().get(END));
                }
            }
        }
        return Set.of();
    }

    private static Set<Integer> ids(Path file, JsonNode value) {
        Set<Integer> ids = new TreeSet<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isInt()) {
                throw new CheckpointException(file + ": " + END + ": need a whole number or an array of them");
            }
            ids.add(id.intValue());
        }
        return ids;
    }
}
