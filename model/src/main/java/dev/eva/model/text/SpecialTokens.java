package dev.eva.model.text;

import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tokens that mark the ends of a text, as {@code tokenizer_config.json} names them.
 *
 * @param begin stands before a text
 * @param end what the model writes when it has finished
 * @param addBegin whether a prompt is to begin with {@code begin}
 */
public record SpecialTokens(Optional<String> begin, Optional<String> end, boolean addBegin) {
    /** There are none. */
    public static final SpecialTokens NONE = new SpecialTokens(Optional.empty(), Optional.empty(), false);

    /**
     * Reads the file's content.
     *
     * @param config null if there is no such file
     * @throws TextException if it is not JSON
     */
    static SpecialTokens of(String config) {
        if (config == null) {
            return NONE;
        }
        try {
            JsonNode root = JsonMapper.shared().readTree(config);
            Optional<String> begin = name(root.path("bos_token"));
            boolean add = root.path("add_bos_token").asBoolean(false) && begin.isPresent();
            return new SpecialTokens(begin, name(root.path("eos_token")), add);
        } catch (JacksonException e) {
            throw new TextException("tokenizer: " + Tokenizers.CONFIG + ": not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** A string, or an object with its content. */
    private static Optional<String> name(JsonNode token) {
        String name = token.isObject() ? token.path("content").asString("") : token.asString("");
        return name.isEmpty() ? Optional.empty() : Optional.of(name);
    }
}
