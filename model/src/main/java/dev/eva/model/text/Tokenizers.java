package dev.eva.model.text;

import dev.eva.model.text.bpe.BpeTokenizer;
import dev.eva.model.text.bpe.BpeTrainer;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Tokenizers by name, and their file {@code tokenizer.json} in a run or checkpoint: {@code {"type": "char", "vocab":
 * ["\n", " ", ...]}} or {@code {"type": "byte"}}, or Hugging Face's format, in which Eva's own are read as such
 * ({@link HfTokenizerJson}, {@link BpeTokenizer}) and all others run by their library.
 */
public final class Tokenizers {
    /** Name of the file in a folder. */
    public static final String FILE = "tokenizer.json";

    /** What Hugging Face keeps beside it: special tokens, the chat template. */
    public static final String CONFIG = "tokenizer_config.json";

    /** A larger file is no tokenizer: those of 250,000 tokens have 20 MB. */
    private static final long LARGEST = 1 << 28;

    private static final String BPE = BpeTokenizer.TYPE + ":";
    private static final List<String> TYPES = List.of(CharTokenizer.TYPE, ByteTokenizer.TYPE);
    private static final JsonMapper JSON = JsonMapper.shared();

    private Tokenizers() {}

    /** The types, the default first. */
    public static List<String> types() {
        return TYPES;
    }

    /**
     * Checks what {@link #create} would take, before the text is read.
     *
     * @throws TextException if it is none of those
     */
    public static void check(String word) {
        if (word.startsWith(BPE)) {
            BpeTrainer.checkVocabSize(vocabSize(word));
        } else if (!TYPES.contains(word) && !Files.exists(Path.of(word))) {
            throw new TextException("tokenizer: " + word + ": no such file or folder; need a tokenizer.json, bpe:N, "
                    + String.join(" or ", TYPES));
        }
    }

    /**
     * A tokenizer for a text: {@code char}, {@code byte}, {@code bpe:N} (trained on it, N tokens), or the path of a
     * {@code tokenizer.json} or of its folder.
     */
    public static Tokenizer create(String word, Corpus corpus, CorpusScan scan, BpeTrainer.Progress progress) {
        check(word);
        if (word.startsWith(BPE)) {
            return BpeTrainer.train(corpus, vocabSize(word), progress);
        }
        return switch (word) {
            case CharTokenizer.TYPE -> CharTokenizer.of(scan.alphabet());
            case ByteTokenizer.TYPE -> new ByteTokenizer();
            default -> load(Path.of(word));
        };
    }

    private static int vocabSize(String word) {
        try {
            return Integer.parseInt(word.substring(BPE.length()));
        } catch (NumberFormatException e) {
            throw new TextException("tokenizer: " + word + ": not a number of tokens; need one, as in bpe:4096", e);
        }
    }

    /** Writes {@code tokenizer.json} into the folder, and what stood beside one of Hugging Face's. */
    public static void save(Tokenizer tokenizer, Path folder) throws IOException {
        String json = switch (tokenizer) {
            case BpeTokenizer bpe -> bpe.json();
            case HfTokenizer hf -> hf.json();
            case Tokenizer own -> own(own);
        };
        Files.writeString(folder.resolve(FILE), json);
        if (tokenizer instanceof HfTokenizer hf && hf.config() != null) {
            Files.writeString(folder.resolve(CONFIG), hf.config());
        }
    }

    private static String own(Tokenizer tokenizer) {
        ObjectNode root = JSON.createObjectNode().put("type", tokenizer.type());
        if (tokenizer instanceof CharTokenizer chars) {
            var vocab = root.putArray("vocab");
            for (int c : chars.alphabet()) {
                vocab.add(Character.toString(c));
            }
        }
        return JSON.writeValueAsString(root) + "\n";
    }

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @param path the file or its folder
     * @throws TextException if there is none or it makes no sense
     */
    public static Tokenizer load(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve(FILE) : path;
        if (!Files.isRegularFile(file)) {
            throw new TextException("tokenizer: " + file + ": no such file; a run or checkpoint of eva train has one");
        }
        try {
            if (Files.size(file) > LARGEST) {
                throw new TextException("tokenizer: " + file + ": a file of " + Files.size(file)
                        + " bytes; need a tokenizer.json of at most " + LARGEST);
            }
            String json = Files.readString(file);
            JsonNode root = JSON.readTree(json);
            if (root.path("model").isObject()) {
                return huggingFaces(file, json, root);
            }
            return switch (root.path("type").asString("")) {
                case CharTokenizer.TYPE -> CharTokenizer.of(alphabet(file, root.path("vocab")));
                case ByteTokenizer.TYPE -> new ByteTokenizer();
                case String other -> throw unknown(file, other);
            };
        } catch (JacksonException e) {
            throw new TextException("tokenizer: " + file + ": not JSON: " + e.getOriginalMessage(), e);
        } catch (CharacterCodingException e) {
            throw new TextException("tokenizer: " + file + ": not UTF-8; need a tokenizer.json", e);
        } catch (IOException e) {
            throw new TextException("tokenizer: " + file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static Tokenizer huggingFaces(Path file, String json, JsonNode root) throws IOException {
        Tokenizer own = HfTokenizerJson.read(file, root);
        if (own == null) {
            own = BpeTokenizer.read(file, root);
        }
        if (own != null) {
            return own;
        }
        Path config = file.resolveSibling(CONFIG);
        return HfTokenizer.read(file, json, root, Files.isRegularFile(config) ? Files.readString(config) : null);
    }

    private static int[] alphabet(Path file, JsonNode vocab) {
        int[] alphabet = new int[vocab.size()];
        for (int i = 0; i < alphabet.length; i++) {
            String s = vocab.path(i).asString("");
            if (s.codePointCount(0, s.length()) != 1) {
                throw new TextException(
                        "tokenizer: " + file + ": vocab entry " + i + " is \"" + s + "\"; need one character");
            }
            alphabet[i] = s.codePointAt(0);
        }
        return alphabet;
    }

    private static TextException unknown(Path file, String type) {
        return new TextException("tokenizer: " + file + ": unknown type \"" + type + "\"; need "
                + String.join(" or ", TYPES) + ", or Hugging Face's format");
    }
}
