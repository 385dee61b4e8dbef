package dev.baton.engine.sampling;

/** The model's logits for one sequence are no numbers to choose from. */
public final class BrokenLogitsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BrokenLogitsException(String message) {
        super(message);
    }
}
