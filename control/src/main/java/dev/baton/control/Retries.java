package dev.baton.control;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;

/** How often a request may be begun again, when, and which workers it then stays away from. */
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

    /** The attempt made tokens: those before it count no more. */
    void madeProgress() {
        withoutToken = 0;
    }

    /** Whether the attempt of that number was the last. */
    boolean exhausted(int attempt) {
        return withoutToken + 1 >= limits.attemptsWithoutToken() || attempt >= limits.allAttempts();
    }

    /** Counts an attempt given up; true when the next should wait, since nobody had room or it was not the first in a row. */
    boolean givenUp(Failure last) {
        boolean wait = last.getCode() == Failure.Code.NO_CAPACITY || withoutToken > 0;
        withoutToken++;
        return wait;
    }

    /** Sets the time of the next try: the later, the more attempts in a row bore nothing. */
    void later(Instant now) {
        at = now.plus(SHORTEST.multipliedBy(1L << Math.min(withoutToken, 5)));
    }

    /** When the next try is due; never, when none waits for its time. */
    Instant at() {
        return at;
    }

    boolean due(Instant now) {
        return !now.isBefore(at);
    }

    /** The try is made, or needed no more. */
    void made() {
        at = Instant.MAX;
    }
}
