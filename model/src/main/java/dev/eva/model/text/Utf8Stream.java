package dev.eva.model.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Decodes bytes as they come; a sequence that is not UTF-8 becomes U+FFFD, one that is not yet whole waits. */
public final class Utf8Stream {
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    /** A UTF-8 sequence has at most four bytes. */
    private final ByteBuffer waiting = ByteBuffer.allocate(4);

    private final CharBuffer chars = CharBuffer.allocate(8);

    /** The text that these bytes complete; may be empty. */
    public String accept(byte... bytes) {
        if (bytes.length == 1) {
            waiting.put(bytes[0]);
            return decode(false);
        }
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            waiting.put(b);
            text.append(decode(false));
        }
        return text.toString();
    }

    /** What was held back and will not be completed. */
    public String end() {
        String rest = decode(true);
        decoder.reset();
        return rest;
    }

    private String decode(boolean end) {
        waiting.flip();
        decoder.decode(waiting, chars, end);
        waiting.compact();
        String text = chars.flip().toString();
        chars.clear();
        return text;
    }
}
