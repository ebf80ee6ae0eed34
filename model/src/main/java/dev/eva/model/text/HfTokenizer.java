package dev.eva.model.text;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import tools.jackson.databind.JsonNode;

/**
 * Any {@code tokenizer.json} of Hugging Face, run by their own library, whose native code comes in the jar.
 *
 * <p>Special tokens that stand in a text are taken for what they are; none is added. Its class is loaded, and the
 * library unpacked, for such a file only.
 */
final class HfTokenizer implements Tokenizer {
    static final String TYPE = "huggingface";

    private static final Cleaner CLEANER = Cleaner.create();

    private final long handle;
    private final String json;
    private final String config;
    private final int vocabSize;
    private final SpecialTokens special;

    private HfTokenizer(long handle, String json, String config, int vocabSize) {
        this.handle = handle;
        this.json = json;
        this.config = config;
        this.special = SpecialTokens.of(config);
        this.vocabSize = vocabSize;
    }

    /**
     * A tokenizer from the content of a file.
     *
     * @throws TextException if the library does not take it, or does not run here
     */
    static HfTokenizer read(Path file, String json, JsonNode root, String config) {
        int vocabSize = HfVocabulary.size(file, root);
        HfSafety.check(file, root);
        TokenizersLibrary library = library();
        long handle;
        try {
            handle = library.createTokenizerFromString(json);
        } catch (RuntimeException e) {
            throw new TextException("tokenizer: " + file + ": " + e.getMessage(), e);
        }
        library.disableTruncation(handle);
        library.disablePadding(handle);
        HfTokenizer tokenizer = new HfTokenizer(handle, json, config, vocabSize);
        CLEANER.register(tokenizer, () -> library.deleteTokenizer(handle));
        return tokenizer;
    }

    private static TokenizersLibrary library() {
        // Where there is a GPU the loader would fetch another build, which does the same; it is never to go online.
        setDefault("RUST_FLAVOR", "cpu");
        setDefault("ai.djl.offline", "true");
        try {
            LibUtils.checkStatus();
            return TokenizersLibrary.LIB;
        } catch (RuntimeException | LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new TextException(
                    "tokenizer: the library for Hugging Face's tokenizers does not run here ("
                            + cause.getMessage()
                            + "); need Linux on x86-64 or ARM, macOS on ARM or Windows on x86-64, and a "
                            + "writable home folder, or DJL_CACHE_DIR",
                    e);
        }
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null && System.getenv(property) == null) {
            System.setProperty(property, value);
        }
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public SpecialTokens special() {
        return special;
    }

    /** The content of its file. */
    String json() {
        return json;
    }

    /** The content of the {@code tokenizer_config.json} beside it, or null. */
    String config() {
        return config;
    }

    @Override
    public int[] encode(String text) {
        TokenizersLibrary library = TokenizersLibrary.LIB;
        try {
            long encoding = library.encode(handle, text, false);
            try {
                return Arrays.stream(library.getTokenIds(encoding))
                        .mapToInt(Math::toIntExact)
                        .toArray();
            } finally {
                library.deleteEncoding(encoding);
            }
        } catch (RuntimeException e) {
            throw new TextException("encode: the tokenizer refuses the text: " + e.getMessage(), e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public String decode(int... ids) {
        for (int id : ids) {
            Objects.checkIndex(id, vocabSize);
        }
        try {
            return TokenizersLibrary.LIB.decode(
                    handle, Arrays.stream(ids).asLongStream().toArray(), false);
        } catch (RuntimeException e) {
            throw new TextException("decode: the tokenizer refuses the ids: " + e.getMessage(), e);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    @Override
    public StreamDecoder decoder() {
        return new Stream();
    }

    @Override
    public String fingerprint() {
        return TYPE + " " + HexFormat.of().formatHex(CorpusScan.sha256().digest(json.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Decodes what has come since the last whole piece of text together with that piece: decoders may treat the first
     * token of a text in a way of its own, and a character may be parted among tokens.
     */
    private final class Stream implements StreamDecoder {
        /** Tokens of one character at most, longer than which nothing waits: UTF-8 has four bytes. */
        private static final int LONGEST_WAIT = 8;

        private int[] ids = new int[0];
        /** How many of the ids are shown already. */
        private int shown;

        @Override
        public String accept(int id) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = id;
            String before = decode(Arrays.copyOf(ids, shown));
            String now = decode(ids);
            boolean waits = now.endsWith("\uFFFD") && ids.length - shown < LONGEST_WAIT;
            return waits || now.length() <= before.length() ? "" : take(before, now);
        }

        private String take(String before, String now) {
            ids = Arrays.copyOfRange(ids, shown, ids.length);
            shown = ids.length;
            return now.substring(before.length());
        }

        @Override
        public String end() {
            String before = decode(Arrays.copyOf(ids, shown));
            String now = decode(ids);
            String rest = now.length() > before.length() ? take(before, now) : "";
            ids = new int[0];
            shown = 0;
            return rest;
        }
    }
}
