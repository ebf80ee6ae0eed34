package dev.eva.model.text;

import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/** How many ids a {@code tokenizer.json} of Hugging Face has. */
final class HfVocabulary {
    /** Far above any real one; what is larger is a mistake in the file. */
    private static final int MOST = 1 << 24;

    private HfVocabulary() {}

    /**
     * The largest id plus one.
     *
     * @throws TextException if there is none or it cannot be
     */
    static int size(Path file, JsonNode root) {
        JsonNode vocab = root.path("model").path("vocab");
        long largest = vocab.isArray() ? vocab.size() - 1 : -1;
        if (vocab.isObject()) {
            for (JsonNode id : vocab.values()) {
                largest = Math.max(largest, checked(file, id));
            }
        }
        for (JsonNode token : root.path("added_tokens")) {
            largest = Math.max(largest, checked(file, token.path("id")));
        }
        if (largest < 0) {
            throw new TextException("tokenizer: " + file + ": no tokens in it; need model.vocab");
        }
        return Math.toIntExact(largest + 1);
    }

    private static long checked(Path file, JsonNode id) {
        if (!id.isInt() || id.intValue() < 0 || id.intValue() >= MOST) {
            String given = id.toString();
            throw new TextException("tokenizer: " + file + ": a token's id is "
                    + given.substring(0, Math.min(60, given.length())) + "; need 0 to " + (MOST - 1));
        }
        return id.intValue();
    }
}
