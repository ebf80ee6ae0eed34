package dev.eva.model.checkpoint;

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
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            boolean shown = !Character.isISOControl(c) && c != '\u2028' && c != '\u2029' && !Character.isSurrogate(c);
            line.append(shown ? Character.toString(c) : String.format("\\u%04x", (int) c));
            if (line.length() > LONGEST) {
                return line.append(" ...").toString();
            }
        }
        return line.toString();
    }
}
