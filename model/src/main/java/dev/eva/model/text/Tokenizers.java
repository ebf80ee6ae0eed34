package dev.eva.model.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tokenizers by name, and their file {@code tokenizer.json} in a run or checkpoint: {@code {"type": "char", "vocab":
 * ["\n", " ", ...]}} or
 * {@code {"type": "byte"}}, or the same two in Hugging Face's format ({@link HfTokenizerJson}).
 */
public final class Tokenizers {
    /** Name of the file in a folder. */
    public static final String FILE = "tokenizer.json";

    private static final List<String> TYPES = List.of(CharTokenizer.TYPE, ByteTokenizer.TYPE);
    private static final JsonMapper JSON = JsonMapper.shared();

    private Tokenizers() {}

    /** The types, the default first. */
    public static List<String> types() {
        return TYPES;
    }

    /** A tokenizer of the named type for a text. */
    public static Tokenizer create(String type, CorpusScan scan) {
        return switch (type) {
            case CharTokenizer.TYPE -> CharTokenizer.of(scan.alphabet());
            case ByteTokenizer.TYPE -> new ByteTokenizer();
            default -> throw unknown(type);
        };
    }

    /** Writes {@code tokenizer.json} into the folder. */
    public static void save(Tokenizer tokenizer, Path folder) throws IOException {
        ObjectNode root = JSON.createObjectNode().put("type", tokenizer.type());
        if (tokenizer instanceof CharTokenizer chars) {
            var vocab = root.putArray("vocab");
            for (int c : chars.alphabet()) {
                vocab.add(Character.toString(c));
            }
        }
        Files.writeString(folder.resolve(FILE), JSON.writeValueAsString(root) + "\n");
    }

    /**
     * Reads {@code tokenizer.json} of the folder.
     *
     * @throws TextException if there is none or it makes no sense
     */
    public static Tokenizer load(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new TextException("tokenizer: " + file + ": no such file; a run or checkpoint of eva train has one");
        }
        try {
            JsonNode root = JSON.readTree(Files.readString(file));
            if (root.path("model").isObject()) {
                return HfTokenizerJson.read(file, root);
            }
            return switch (root.path("type").asString("")) {
                case CharTokenizer.TYPE -> CharTokenizer.of(alphabet(file, root.path("vocab")));
                case ByteTokenizer.TYPE -> new ByteTokenizer();
                case String other -> throw unknown(other);
            };
        } catch (JacksonException e) {
            throw new TextException("tokenizer: " + file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new TextException("tokenizer: " + file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static int[] alphabet(Path file, JsonNode vocab) {
        int[] alphabet = new int[vocab.size()];
        for (int i = 0; i < alphabet.length; i++) {
            String s = vocab.get(i).asString("");
            if (s.codePointCount(0, s.length()) != 1) {
                throw new TextException(
                        "tokenizer: " + file + ": vocab entry " + i + " is \"" + s + "\"; need one character");
            }
            alphabet[i] = s.codePointAt(0);
        }
        return alphabet;
    }

    private static TextException unknown(String type) {
        return new TextException("tokenizer: unknown type \"" + type + "\"; need " + String.join(" or ", TYPES));
    }
}
