package dev.eva.model.text.bpe;

import dev.eva.model.text.TextException;
import dev.eva.model.text.Tokenizer;
import dev.eva.model.text.Utf8Stream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.PriorityQueue;
import tools.jackson.databind.JsonNode;

/**
 * Byte-level BPE as GPT-2's: text is cut into words, the bytes of each are merged, the merge of the lowest rank first.
 * Encodes any text, to the very ids of Hugging Face's tokenizers; {@link BpeTrainer} makes it.
 */
public final class BpeTokenizer implements Tokenizer {
    /** Word for it in files. */
    public static final String TYPE = "bpe";

    /** Words remembered with their ids; a longer one is not worth it. */
    private static final int CACHE = 1 << 16;

    private static final int CACHED_LENGTH = 32;

    /** A word met before. Immutable, so that threads may read and overwrite the cache as they please. */
    private record Known(char[] word, int[] ids) {}

    private final BpeVocabulary vocabulary;
    private final int[] idOfByte = new int[256];
    private final Known[] cache = new Known[CACHE];
    private final String fingerprint;

    BpeTokenizer(BpeVocabulary vocabulary) {
        this.vocabulary = vocabulary;
        for (int b = 0; b < idOfByte.length; b++) {
            idOfByte[b] = vocabulary.id((byte) b);
        }
        this.fingerprint = TYPE + " " + digest(vocabulary);
    }

    private static String digest(BpeVocabulary v) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is required of every Java platform", e);
        }
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
        for (int id = 0; id < v.size(); id++) {
            digest.update(number.putLong(0, v.token(id).length).array());
            digest.update(v.token(id));
        }
        for (int rank = 0; rank < v.merges(); rank++) {
            digest.update(number.putLong(0, v.merge(rank)).array());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * The tokenizer in a {@code tokenizer.json} of Hugging Face's format, if it is one of this kind.
     *
     * @param file for messages
     * @return null if it is of another kind
     * @throws TextException if it is of this kind and makes no sense
     */
    public static BpeTokenizer read(Path file, JsonNode root) {
        return BpeJson.isByteLevel(root) ? new BpeTokenizer(BpeJson.read(file, root)) : null;
    }

    /** As the content of a {@code tokenizer.json} that Hugging Face's tokenizers load. */
    public String json() {
        return BpeJson.write(vocabulary);
    }

    @Override
    public String type() {
        return TYPE;
    }

    @Override
    public int vocabSize() {
        return vocabulary.size();
    }

    /** Number of merges. */
    public int merges() {
        return vocabulary.merges();
    }

    @Override
    public int[] encode(String text) {
        char[] chars = text.toCharArray();
        int[] ids = new int[chars.length / 3 + 16];
        int n = 0;
        for (int i = 0; i < chars.length; ) {
            int end = WordScanner.end(chars, i, chars.length);
            int[] word = word(chars, i, end);
            if (n + word.length > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(n + word.length, ids.length + (ids.length >> 1)));
            }
            System.arraycopy(word, 0, ids, n, word.length);
            n += word.length;
            i = end;
        }
        return Arrays.copyOf(ids, n);
    }

    private int[] word(char[] text, int from, int to) {
        if (to - from > CACHED_LENGTH) {
            return merged(utf8(text, from, to));
        }
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + text[i];
        }
        int at = hash * 0x9E3779B1 >>> 8 & CACHE - 1;
        Known known = cache[at];
        if (known == null || !Arrays.equals(known.word, 0, known.word.length, text, from, to)) {
            known = new Known(Arrays.copyOfRange(text, from, to), merged(utf8(text, from, to)));
            cache[at] = known;
        }
        return known.ids;
    }

    private static ByteBuffer utf8(char[] text, int from, int to) {
        try {
            return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text, from, to - from));
        } catch (CharacterCodingException e) {
            throw new TextException("encode: the text holds half of a surrogate pair, which UTF-8 cannot express", e);
        }
    }

    /** Merges the bytes of a word: the lowest rank first, among equal ones the leftmost. */
    private int[] merged(ByteBuffer word) {
        int n = word.remaining();
        int[] ids = new int[n];
        int[] next = new int[n];
        int[] previous = new int[n];
        for (int i = 0; i < n; i++) {
            ids[i] = idOfByte[word.get() & 0xff];
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        PriorityQueue<Long> merges = new PriorityQueue<>();
        for (int i = 0; i + 1 < n; i++) {
            offer(merges, ids, i, i + 1);
        }
        while (!merges.isEmpty()) {
            long best = merges.poll();
            int rank = (int) (best >> 32);
            int i = (int) best;
            int j = next[i];
            // A place that an earlier merge has changed is no longer this pair.
            if (ids[i] < 0 || j >= n || vocabulary.rank(ids[i], ids[j]) != rank) {
                continue;
            }
            ids[i] = vocabulary.result(rank);
            ids[j] = -1;
            next[i] = next[j];
            if (next[j] < n) {
                previous[next[j]] = i;
                offer(merges, ids, i, next[j]);
            }
            if (previous[i] >= 0) {
                offer(merges, ids, previous[i], i);
            }
        }
        return Arrays.stream(ids).filter(id -> id >= 0).toArray();
    }

    private void offer(PriorityQueue<Long> merges, int[] ids, int left, int right) {
        int rank = vocabulary.rank(ids[left], ids[right]);
        if (rank >= 0) {
            merges.add((long) rank << 32 | left);
        }
    }

    @Override
    public StreamDecoder decoder() {
        Utf8Stream utf8 = new Utf8Stream();
        return new StreamDecoder() {
            @Override
            public String accept(int id) {
                return utf8.accept(vocabulary.token(id));
            }

            @Override
            public String end() {
                return utf8.end();
            }
        };
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }
}
