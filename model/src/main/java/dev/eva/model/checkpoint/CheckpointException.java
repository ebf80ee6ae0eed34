package dev.eva.model.checkpoint;

/**
 * A file that cannot be read, is not what it should be, or could not be written. The message is one line that names
 * the file.
 */
public final class CheckpointException extends RuntimeException {
    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
