package dev.baton.cli.hub;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * How often something is tried that a hub or a network refused, and how long is waited between. A try that got further than
 * the one before counts as the first again.
 */
final class Patience {
    private static final int TRIES = 6;
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Pause pause;
    private final Progress progress;
    private int failed;

    /** How time is let pass. */
    interface Pause {
        void sleep(Duration duration) throws InterruptedException;
    }

    Patience(Pause pause, Progress progress) {
        this.pause = pause;
        this.progress = progress;
    }

    void gotFurther() {
        failed = 0;
    }

    /**
     * Waits before the next try.
     *
     * @throws CliException when there is to be none
     */
    void failed(String what, IOException cause) {
        Optional<Duration> asked = cause instanceof HubException hub ? hub.retryAfter() : Optional.empty();
        Duration rest = asked.orElse(FIRST.multipliedBy(1L << failed));
        if (rest.compareTo(LONGEST) > 0) {
            throw new CliException(
                    "%s: %s, and asks to be left alone for %d s: try again then, or set HF_TOKEN, which has a limit of its own"
                            .formatted(what, said(cause), rest.toSeconds()),
                    cause);
        }
        if (++failed >= TRIES) {
            throw new CliException(
                    "%s: %s, %d times in a row: check the network and HF_ENDPOINT, then run it again; it goes on where it stopped"
                            .formatted(what, said(cause), failed),
                    cause);
        }
        progress.says("%s: %s; trying again in %d s".formatted(what, said(cause), rest.toSeconds()));
        try {
            pause.sleep(rest);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(what + ": interrupted", e);
        }
    }

    static String said(IOException cause) {
        return cause instanceof HubException && cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }
}
