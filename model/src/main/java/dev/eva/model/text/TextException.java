package dev.eva.model.text;

/**
 * Text that cannot be used: a missing file, bytes that are not UTF-8, nothing to read. The message is one line for the
 * user.
 */
public final class TextException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TextException(String message) {
        super(oneLine(message));
    }

    public TextException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** What a message quotes may hold line ends. */
    private static String oneLine(String message) {
        return message.replace("\n", "\\n").replace("\r", "\\r");
    }
}
