package dev.eva.model.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Eva's own tokenizers as the {@code tokenizer.json} of Hugging Face's tokenizers, which encodes and decodes the same:
 * characters are words of a word list, split one by one; bytes are the 256 symbols of a byte-level BPE without merges.
 */
public final class HfTokenizerJson {
    private static final String EACH_CHARACTER = "[\\s\\S]";
    private static final JsonMapper JSON = JsonMapper.shared();

    private HfTokenizerJson() {}

    /** Whether a vocabulary has an id for each byte. */
    public static boolean fitsBytes(int vocabSize) {
        return vocabSize >= ByteTokenizer.BYTES;
    }

    /**
     * Writes the tokenizer of {@code from} into {@code to} if it is one of Eva's own.
     *
     * @param maxLength longest text in tokens
     * @return false if there is none, or one in Hugging Face's format; nothing is then written
     * @throws TextException if the file makes no sense
     */
    public static boolean convert(Path from, int maxLength, Path to) throws IOException {
        if (!Files.isRegularFile(from.resolve(Tokenizers.FILE)) || isHuggingFaces(from.resolve(Tokenizers.FILE))) {
            return false;
        }
        switch (Tokenizers.load(from)) {
            case CharTokenizer chars -> {
                write(characters(chars), to.resolve(Tokenizers.FILE));
                writeConfig(maxLength, to);
            }
            case ByteTokenizer bytes -> writeBytes(ByteTokenizer.BYTES, maxLength, to);
            case Tokenizer other -> {
                return false;
            }
        }
        return true;
    }

    /** Reads what this class has written; null if it is another tokenizer. */
    static Tokenizer read(Path file, JsonNode root) {
        JsonNode model = root.path("model");
        JsonNode split = root.path("pre_tokenizer");
        if (model.path("type").asString("").equals("WordLevel")
                && split.path("pattern").path("Regex").asString("").equals(EACH_CHARACTER)
                && root.path("decoder").path("type").asString("").equals("Fuse")) {
            return CharTokenizer.of(alphabet(file, model.path("vocab")));
        }
        if (model.path("type").asString("").equals("BPE")
                && model.path("merges").isArray()
                && model.path("merges").isEmpty()
                && root.path("added_tokens").isEmpty()
                && split.path("type").asString("").equals("ByteLevel")
                && !split.path("use_regex").asBoolean(true)
                && model.path("vocab").path(String.valueOf(ByteSymbols.of(0))).asInt(-1) == 0
                && model.path("vocab").path("A").asInt(-1) == 'A') {
            return new ByteTokenizer(model.path("vocab").size());
        }
        return null;
    }

    private static int[] alphabet(Path file, JsonNode vocab) {
        int[] alphabet = new int[vocab.size()];
        for (var entry : vocab.properties()) {
            String word = entry.getKey();
            int id = entry.getValue().asInt(-1);
            if (id < 0 || id >= alphabet.length || word.codePointCount(0, word.length()) != 1) {
                throw new TextException("tokenizer: " + file + ": vocab entry \"" + word + "\" with id "
                        + entry.getValue() + "; need one character, and ids from 0 to " + (alphabet.length - 1));
            }
            alphabet[id] = word.codePointAt(0);
        }
        return alphabet;
    }

    /**
     * Writes a tokenizer of bytes. Ids from 256 on are never the code of a text; they decode to their number, as
     * {@code <|300|>}.
     */
    public static void writeBytes(int vocabSize, int maxLength, Path to) throws IOException {
        ObjectNode root = root();
        root.putObject("pre_tokenizer")
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        root.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
        ObjectNode vocab = model.putObject("vocab");
        for (int b = 0; b < ByteTokenizer.BYTES; b++) {
            vocab.put(String.valueOf(ByteSymbols.of(b)), b);
        }
        for (int id = ByteTokenizer.BYTES; id < vocabSize; id++) {
            vocab.put(ByteTokenizer.beyond(id), id);
        }
        model.putArray("merges");
        write(root, to.resolve(Tokenizers.FILE));
        writeConfig(maxLength, to);
    }

    private static ObjectNode characters(CharTokenizer tokenizer) {
        ObjectNode root = root();
        ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
        split.putObject("pattern").put("Regex", EACH_CHARACTER);
        split.put("behavior", "Isolated").put("invert", false);
        root.putObject("decoder").put("type", "Fuse");
        ObjectNode model = root.putObject("model").put("type", "WordLevel");
        ObjectNode vocab = model.putObject("vocab");
        int id = 0;
        for (int c : tokenizer.alphabet()) {
            vocab.put(Character.toString(c), id++);
        }
        // Not in the vocabulary: a character that the model does not know is an error, as it is in Eva.
        model.put("unk_token", "<unk>");
        return root;
    }

    private static ObjectNode root() {
        ObjectNode root = JSON.createObjectNode().put("version", "1.0");
        root.putNull("truncation").putNull("padding").putArray("added_tokens");
        return root.putNull("normalizer").putNull("post_processor");
    }

    private static boolean isHuggingFaces(Path file) throws IOException {
        try {
            JsonNode root = JSON.readTree(Files.readString(file));
            return root.path("model").isObject();
        } catch (JacksonException e) {
            throw new TextException("tokenizer: " + file + ": not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /**
     * Writes the {@code tokenizer_config.json} of a tokenizer that has none: without it transformers takes the class
     * of the model's family, which need not be the one that {@code tokenizer.json} describes.
     */
    public static void writeConfig(int maxLength, Path to) throws IOException {
        ObjectNode config = JSON.createObjectNode()
                .put("tokenizer_class", "PreTrainedTokenizerFast")
                .put("clean_up_tokenization_spaces", false)
                .put("model_max_length", maxLength);
        write(config, to.resolve(Tokenizers.CONFIG));
    }

    private static void write(ObjectNode node, Path file) throws IOException {
        Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n");
    }
}
