package dev.baton.control;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;

/** Counts the attempts of a request: whether another is allowed, when it is due, and which workers it avoids. */
final class Retries {
    private static final Duration SHORTEST = Duration.ofMillis(50);

    private final PhaseLimits limits;
    private final Set<WorkerRef> avoided = new LinkedHashSet<>();
    private Instant at = Instant.MAX;
    private int withoutToken;

    Retries(PhaseLimits limits) {
        this.limits = limits;
    }

    void avoid(WorkerRef worker) {
        avoided.add(worker);
    }

    Set<WorkerRef> avoided() {
        return Set.copyOf(avoided);
    }

    /** The attempt made tokens, so the count of failed ones starts again. */
    void madeProgress() {
        withoutToken = 0;
    }

    /** Whether the attempt of that number was the last. */
    boolean exhausted(int attempt) {
        return withoutToken + 1 >= limits.attemptsWithoutToken() || attempt >= limits.allAttempts();
    }

    /** Counts an attempt that was given up. True when the next must wait: no worker had room, or it is not the first in a row. */
    boolean givenUp(Failure last) {
        boolean wait = last.getCode() == Failure.Code.NO_CAPACITY || withoutToken > 0;
        withoutToken++;
        return wait;
    }

    /** Sets the time of the next attempt: each failed one in a row doubles the wait, up to 32 times the shortest. */
    void later(Instant now) {
        at = now.plus(SHORTEST.multipliedBy(1L << Math.min(withoutToken, 5)));
    }

    /** When the next attempt is due; never, when none waits for its time. */
    Instant at() {
        return at;
    }

    boolean due(Instant now) {
        return !now.isBefore(at);
    }

    /** The attempt was made, or is not needed any more. */
    void made() {
        at = Instant.MAX;
    }
}
