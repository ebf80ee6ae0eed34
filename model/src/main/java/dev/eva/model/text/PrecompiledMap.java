package dev.eva.model.text;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * SentencePiece's table of replaced characters: bytes of a double-array trie (int), the trie, and the replacements,
 * each ended by a zero. A unit of the trie leads to places of its offset xor a byte, or is a leaf with the place of a
 * replacement.
 */
final class PrecompiledMap {
    private static final int LEAF = 1 << 31;

    private PrecompiledMap() {}

    /** Whether every way through the trie stays within it and ends at a replacement. */
    static boolean isSound(String base64) {
        ByteBuffer bytes;
        try {
            bytes = ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IllegalArgumentException e) {
            return false;
        }
        int trieBytes = bytes.remaining() < Integer.BYTES ? 0 : bytes.getInt();
        if (trieBytes < 256 * Integer.BYTES || trieBytes % Integer.BYTES != 0 || trieBytes > bytes.remaining()) {
            return false;
        }
        IntBuffer trie = bytes.slice(bytes.position(), trieBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer();
        String replacements;
        try {
            replacements = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(bytes.position(bytes.position() + trieBytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return false;
        }
        byte[] text = replacements.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < trie.limit(); i++) {
            int unit = trie.get(i);
            if ((unit & LEAF) != 0 ? !isStart(text, unit & ~LEAF) : !leadsInto(trie, i, unit)) {
                return false;
            }
        }
        return true;
    }

    private static boolean leadsInto(IntBuffer trie, int i, int unit) {
        int offset = unit >>> 10 << ((unit & 1 << 9) >>> 6);
        return (i ^ offset | 255) >= 0 && (i ^ offset | 255) < trie.limit();
    }

    private static boolean isStart(byte[] text, int at) {
        return at < text.length && (text[at] & 0xC0) != 0x80;
    }
}
