package dev.eva.model.text.bpe;

import dev.eva.model.text.ByteSymbols;
import dev.eva.model.text.TextException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A byte-level BPE as {@code tokenizer.json}: tokens and merges in the symbols of {@link ByteSymbols}. */
final class BpeJson {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String BYTE_LEVEL = "ByteLevel";
    /** What a model of this kind leaves at null or false. */
    private static final Set<String> OFF = Set.of(
            "dropout",
            "unk_token",
            "continuing_subword_prefix",
            "end_of_word_suffix",
            "byte_fallback",
            "ignore_merges");

    private BpeJson() {}

    static String write(BpeVocabulary vocabulary) {
        ObjectNode root = JSON.createObjectNode().put("version", "1.0");
        root.putNull("truncation").putNull("padding").putArray("added_tokens");
        root.putNull("normalizer");
        byteLevel(root.putObject("pre_tokenizer"));
        root.putNull("post_processor");
        byteLevel(root.putObject("decoder"));
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
        ObjectNode vocab = model.putObject("vocab");
        for (int id = 0; id < vocabulary.size(); id++) {
            vocab.put(ByteSymbols.of(vocabulary.token(id)), id);
        }
        var merges = model.putArray("merges");
        for (int rank = 0; rank < vocabulary.merges(); rank++) {
            long pair = vocabulary.merge(rank);
            merges.add(ByteSymbols.of(vocabulary.token(PairMap.left(pair))) + " "
                    + ByteSymbols.of(vocabulary.token(PairMap.right(pair))));
        }
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
    }

    private static void byteLevel(ObjectNode node) {
        node.put("type", BYTE_LEVEL)
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    /** Whether text becomes ids by GPT-2's words and merges alone. */
    static boolean isByteLevel(JsonNode root) {
        JsonNode model = root.path("model");
        JsonNode split = root.path("pre_tokenizer");
        return model.path("type").asString("").equals("BPE")
                && model.path("vocab").isObject()
                && model.path("merges").isArray()
                && OFF.stream().allMatch(name -> isOff(model.path(name)))
                && root.path("added_tokens").isEmpty()
                && isOff(root.path("normalizer"))
                && isOff(root.path("post_processor"))
                && isOff(root.path("truncation"))
                && isOff(root.path("padding"))
                && split.path("type").asString("").equals(BYTE_LEVEL)
                && split.path("add_prefix_space").isBoolean()
                && isOff(split.path("add_prefix_space"))
                && (split.path("use_regex").isMissingNode()
                        || split.path("use_regex").asBoolean(false))
                && root.path("decoder").path("type").asString("").equals(BYTE_LEVEL);
    }

    private static boolean isOff(JsonNode node) {
        return node.isMissingNode() || node.isNull() || node.isBoolean() && !node.booleanValue();
    }

    static BpeVocabulary read(Path file, JsonNode root) {
        JsonNode vocab = root.path("model").path("vocab");
        byte[][] tokens = new byte[vocab.size()][];
        for (var entry : vocab.properties()) {
            int id = entry.getValue().isInt() ? entry.getValue().intValue() : -1;
            byte[] token = ByteSymbols.bytesOf(entry.getKey());
            if (id < 0 || id >= tokens.length || tokens[id] != null || token == null || token.length == 0) {
                throw new TextException("tokenizer: " + file + ": token \"" + shortened(entry.getKey()) + "\" with id "
                        + shortened(entry.getValue().toString())
                        + "; need symbols of bytes, and each id from 0 to " + (tokens.length - 1) + " once");
            }
            tokens[id] = token;
        }
        BpeVocabulary vocabulary;
        try {
            vocabulary = BpeVocabulary.of(Arrays.asList(tokens));
        } catch (TextException e) {
            throw new TextException(e.getMessage() + ": " + file, e);
        }
        for (JsonNode merge : root.path("model").path("merges")) {
            merge(file, vocabulary, merge);
        }
        return vocabulary;
    }

    private static void merge(Path file, BpeVocabulary vocabulary, JsonNode merge) {
        String[] pair = merge.isArray() && merge.size() == 2
                ? new String[] {merge.get(0).asString(""), merge.get(1).asString("")}
                : merge.asString("").split(" ", -1);
        int left = pair.length == 2 ? id(vocabulary, pair[0]) : -1;
        int right = pair.length == 2 ? id(vocabulary, pair[1]) : -1;
        if (left < 0
                || right < 0
                || vocabulary.rank(left, right) >= 0
                || vocabulary.id(vocabulary.join(left, right)) < 0) {
            throw new TextException("tokenizer: " + file + ": merge " + (vocabulary.merges() + 1) + " is "
                    + shortened(merge.toString()) + "; need two tokens that make a third, once");
        }
        vocabulary.merge(left, right);
    }

    private static int id(BpeVocabulary vocabulary, String symbols) {
        byte[] bytes = ByteSymbols.bytesOf(symbols);
        return bytes == null ? -1 : vocabulary.id(bytes);
    }

    private static String shortened(String s) {
        return s.length() <= 60 ? s : s.substring(0, 60) + "...";
    }
}
