package dev.eva.model.train;

import dev.eva.model.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** The records of a run as JSON files with snake_case keys; reading is strict, writing is beside and renamed. */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private Json() {}

    static void write(Path file, Object record) {
        AtomicFile.write(file, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(record) + "\n");
    }

    static <T> T read(Path file, Class<T> type) {
        return read(file, type, root -> {});
    }

    /**
     * Reads a record from a file that may be older than some of its components, for which {@code amend} puts values.
     */
    static <T> T read(Path file, Class<T> type, Consumer<JsonNode> amend) {
        try {
            JsonNode root = MAPPER.readTree(Files.readString(file));
            if (!root.isObject()) {
                throw new TrainException(file + ": not a file of a run: need a JSON object");
            }
            amend.accept(root);
            return MAPPER.treeToValue(root, type);
        } catch (NoSuchFileException e) {
            throw new TrainException(file + ": no such file; a run of eva train has one", e);
        } catch (JacksonException e) {
            String what = e.getOriginalMessage().lines().findFirst().orElse("");
            throw new TrainException(file + ": not a file of a run: " + what, e);
        } catch (IOException e) {
            throw TrainException.of(file + ": cannot be read", e);
        }
    }
}
