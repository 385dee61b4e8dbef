package dev.baton.tokenizer.template;

/**
 * A chat template that cannot be parsed, or a conversation it will not render: its own {@code raise_exception}, a value
 * it cannot work with, or a limit. The request that caused it is at fault, not the server.
 */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Line of the template, from 1; 0 when no single line is to blame. */
    private final int line;

    private final boolean raisedByTemplate;

    private TemplateException(String message, int line, boolean raisedByTemplate) {
        super(message);
        this.line = line;
        this.raisedByTemplate = raisedByTemplate;
    }

    static TemplateException at(int line, String message) {
        return new TemplateException("chat template, line " + line + ": " + message, line, false);
    }

    /** Nothing wrong in any one line. */
    public static TemplateException whole(String message) {
        return new TemplateException("chat template: " + message, 0, false);
    }

    /** What the template says through {@code raise_exception}, word for word: it is written for the caller. */
    static TemplateException raised(int line, String message) {
        return new TemplateException(message, line, true);
    }

    public int line() {
        return line;
    }

    /** True when the template itself refused the conversation. */
    public boolean raisedByTemplate() {
        return raisedByTemplate;
    }
}
