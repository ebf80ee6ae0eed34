package dev.eva.model.text;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.BitSet;
import java.util.HexFormat;

/**
 * What one pass over a corpus tells.
 *
 * @param bytes length in UTF-8
 * @param characters length in code points
 * @param alphabet the code points that occur, rising
 * @param hash SHA-256 of the UTF-8 bytes, in hexadecimal
 */
public record CorpusScan(long bytes, long characters, int[] alphabet, String hash) {
    /**
     * Reads the corpus once.
     *
     * @throws TextException if it has no text
     */
    public static CorpusScan of(Corpus corpus) {
        MessageDigest digest = sha256();
        BitSet seen = new BitSet();
        long[] counts = new long[2];
        corpus.read(piece -> {
            byte[] utf8 = piece.getBytes(StandardCharsets.UTF_8);
            digest.update(utf8);
            counts[0] += utf8.length;
            for (int i = 0; i < piece.length(); ) {
                int c = piece.codePointAt(i);
                i += Character.charCount(c);
                seen.set(c);
                counts[1]++;
            }
        });
        if (counts[0] == 0) {
            throw new TextException("data: " + corpus.name() + ": no text in it; need at least some characters");
        }
        return new CorpusScan(
                counts[0], counts[1], seen.stream().toArray(), HexFormat.of().formatHex(digest.digest()));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is required of every Java platform", e);
        }
    }
}
