package dev.baton.model;

/** The folder holds a model that this engine does not run; the message names what and which it runs. */
public final class UnsupportedModelException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public UnsupportedModelException(String message) {
        super(message);
    }
}
