package dev.eva.model.train;

/** A run that cannot begin, go on or be saved. The message is one line for the user. */
public final class TrainException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TrainException(String message) {
        super(message);
    }

    public TrainException(String message, Throwable cause) {
        super(message, cause);
    }
}
