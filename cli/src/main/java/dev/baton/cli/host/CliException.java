package dev.baton.cli.host;

/** Something a person can mend. The message says what happened, which setting, what to do; no stack trace is shown. */
public class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CliException(String message) {
        super(message);
    }

    public CliException(String message, Throwable cause) {
        super(message, cause);
    }
}
