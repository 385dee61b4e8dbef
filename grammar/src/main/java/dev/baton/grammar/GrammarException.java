package dev.baton.grammar;

/** A structure that cannot be guaranteed: the message is a whole sentence that names the keyword or the limit. */
public final class GrammarException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public GrammarException(String message) {
        super(message);
    }
}
