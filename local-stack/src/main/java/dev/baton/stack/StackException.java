package dev.baton.stack;

/** A part of the local stack did not start; the message says which, why, where its log is and what to do. */
public final class StackException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StackException(String message) {
        super(message);
    }

    StackException(String message, Throwable cause) {
        super(message, cause);
    }
}
