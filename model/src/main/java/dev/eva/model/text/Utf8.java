package dev.eva.model.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Strict reading of UTF-8. */
final class Utf8 {
    private static final int BYTES = 1 << 16;

    private Utf8() {}

    /**
     * Hands over a document in pieces, with a newline at its end; a byte order mark at its beginning is dropped.
     *
     * @throws TextException if it is not UTF-8, with the place of the first bad byte
     */
    static void read(InputStream in, String name, Consumer<String> sink) throws IOException {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        // No byte gives more than one char, and the decoder never parts a surrogate pair, so one call always takes all
        // it can.
        CharBuffer chars = CharBuffer.allocate(BYTES);
        long done = 0;
        char last = '\n';
        boolean end = false;
        while (!end) {
            int n = in.read(bytes.array(), bytes.position(), bytes.remaining());
            end = n < 0;
            bytes.position(bytes.position() + Math.max(n, 0)).flip();
            CoderResult result = decoder.decode(bytes, chars, end);
            if (result.isError()) {
                throw new TextException("data: " + name + ": not UTF-8: bad byte at offset " + (done + bytes.position())
                        + "; need UTF-8 text");
            }
            boolean first = done == 0;
            done += bytes.position();
            bytes.compact();
            chars.flip();
            if (first && chars.hasRemaining() && chars.get(0) == '\uFEFF') {
                chars.get();
            }
            if (chars.hasRemaining()) {
                last = chars.get(chars.limit() - 1);
                sink.accept(chars.toString());
            }
            chars.clear();
        }
        if (last != '\n') {
            sink.accept("\n");
        }
    }
}
