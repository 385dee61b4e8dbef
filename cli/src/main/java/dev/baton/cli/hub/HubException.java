package dev.baton.cli.hub;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** The hub did not give what was asked, and may if it is asked again. */
final class HubException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Optional<Duration> retryAfter;

    HubException(String message, Optional<Duration> retryAfter) {
        super(message);
        this.retryAfter = retryAfter;
    }

    /** How long the hub asks to be left alone. */
    Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
