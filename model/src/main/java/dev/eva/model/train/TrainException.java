package dev.eva.model.train;

import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** A run that cannot begin, go on or be saved. The message is one line for the user. */
public final class TrainException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TrainException(String message) {
        super(message);
    }

    public TrainException(String message, Throwable cause) {
        super(message, cause);
    }

    /** {@code doing}, and why it failed, without the path that Java's messages consist of. */
    static TrainException of(String doing, Exception e) {
        Throwable cause = e instanceof UncheckedIOException u ? u.getCause() : e;
        String reason = switch (cause) {
            case NoSuchFileException f -> "no such folder";
            case AccessDeniedException f -> "permission denied";
            case FileSystemException f when f.getReason() != null -> f.getReason();
            case FileSystemException f -> f.getClass().getSimpleName();
            default -> cause.getMessage();
        };
        return new TrainException(doing + ": " + reason, e);
    }
}
