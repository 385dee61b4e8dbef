package dev.baton.engine.sampling;

/** A sequence cannot go on under its constraint. Its KV is sound. */
public final class ConstraintException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ConstraintException(String message) {
        super(message);
    }
}
