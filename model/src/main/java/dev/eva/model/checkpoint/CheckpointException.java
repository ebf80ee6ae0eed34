package dev.eva.model.checkpoint;

import java.util.Locale;

/**
 * A file that cannot be read, is not what it should be, or could not be written. The message is one line that names
 * the file.
 */
public final class CheckpointException extends RuntimeException {
    /** Characters of a message at most: names in broken files have any length. */
    private static final int LONGEST = 2000;

    public CheckpointException(String message) {
        super(oneLine(message));
    }

    public CheckpointException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** What a message quotes may hold anything: line ends, codes that a terminal obeys, a million letters. */
    private static String oneLine(String message) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < message.length() && line.length() <= LONGEST; ) {
            int c = message.codePointAt(i);
            boolean hidden = Character.isISOControl(c) || c == 0x2028 || c == 0x2029;
            if (hidden || Character.getType(c) == Character.SURROGATE) {
                line.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                line.appendCodePoint(c);
            }
            i += Character.charCount(c);
        }
        return line.length() > LONGEST ? line.append(" ...").toString() : line.toString();
    }
}
