package dev.eva.model.train.ranks;

/** A rank has ended, cannot be reached, or differs from the others. The message is one line for the user. */
public final class RankException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RankException(String message) {
        super(message);
    }

    RankException(String message, Throwable cause) {
        super(message, cause);
    }
}
