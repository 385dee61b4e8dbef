package dev.baton.cli.client;

import dev.baton.cli.host.CliException;

/** The way to a gateway broke, or there was none, or the gateway ends: another one may go on. */
final class BrokenStreamException extends CliException {
    private static final long serialVersionUID = 1L;

    BrokenStreamException(String message, Throwable cause) {
        super(message, cause);
    }

    BrokenStreamException(String message) {
        super(message);
    }
}
