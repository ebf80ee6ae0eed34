package dev.eva.model.text.bpe;

import dev.eva.model.text.ByteSymbols;
import dev.eva.model.text.TextException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tokens of a byte-level BPE, strings of bytes by id, and the merges that make them, the first applied first. Every
 * byte is a token.
 */
final class BpeVocabulary {
    private final List<byte[]> tokens = new ArrayList<>();
    private final Map<ByteBuffer, Integer> ids = new HashMap<>();
    private final PairMap merges = new PairMap();
    private int[] results = new int[1 << 8];

    /** The bytes in the order of their symbols, without merges. */
    static BpeVocabulary ofBytes() {
        BpeVocabulary bytes = new BpeVocabulary();
        for (char symbol = 0; symbol < 2 * ByteSymbols.BYTES; symbol++) {
            int b = ByteSymbols.byteOf(symbol);
            if (b >= 0) {
                bytes.add(new byte[] {(byte) b});
            }
        }
        return bytes;
    }

    /**
     * Tokens by id, no merges yet.
     *
     * @throws TextException if two are the same or a byte is missing
     */
    static BpeVocabulary of(List<byte[]> tokens) {
        BpeVocabulary all = new BpeVocabulary();
        for (byte[] token : tokens) {
            if (all.ids.containsKey(ByteBuffer.wrap(token))) {
                throw new TextException("tokenizer: the token \"" + ByteSymbols.of(token) + "\" has two ids");
            }
            all.add(token);
        }
        for (int b = 0; b < ByteSymbols.BYTES; b++) {
            if (all.id((byte) b) < 0) {
                throw new TextException("tokenizer: no token for the byte " + b);
            }
        }
        return all;
    }

    private int add(byte[] token) {
        tokens.add(token);
        ids.put(ByteBuffer.wrap(token), tokens.size() - 1);
        return tokens.size() - 1;
    }

    int size() {
        return tokens.size();
    }

    byte[] token(int id) {
        return tokens.get(id);
    }

    /** The id of these bytes, or -1. */
    int id(byte... token) {
        return ids.getOrDefault(ByteBuffer.wrap(token), -1);
    }

    /** Number of merges. */
    int merges() {
        return merges.size();
    }

    /** The pair that is merged as the {@code rank}-th. */
    long merge(int rank) {
        return merges.pair(rank);
    }

    /** The rank of the pair's merge, or -1. */
    int rank(int left, int right) {
        return merges.find(PairMap.pair(left, right));
    }

    /** What the {@code rank}-th merge makes. */
    int result(int rank) {
        return results[rank];
    }

    /** Adds a merge that no earlier one equals; what it makes becomes a token if it is none. */
    int merge(int left, int right) {
        byte[] made = join(left, right);
        int known = id(made);
        int result = known >= 0 ? known : add(made);
        int rank = merges.number(PairMap.pair(left, right));
        if (rank == results.length) {
            results = Arrays.copyOf(results, 2 * rank);
        }
        results[rank] = result;
        return result;
    }

    byte[] join(int left, int right) {
        byte[] a = token(left);
        byte[] b = token(right);
        return ByteBuffer.allocate(a.length + b.length).put(a).put(b).array();
    }
}
