package dev.baton.control;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntToLongFunction;

/**
 * The attempts at one request: the current one, whether another may follow and when, which workers it avoids, and the
 * cancels of those that were given up. The nonces are given, so that deciding needs no source of chance.
 */
final class Attempts {
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(50);

    private final IntToLongFunction nonces;
    private final PhaseLimits limits;
    private final Set<WorkerRef> avoided = new LinkedHashSet<>();
    private final Set<Cancelled> cancelledAgain = new HashSet<>();
    private Attempt current;
    private Instant dueAt = Instant.MAX;
    private int withoutToken;
    private int notBegun;

    private record Cancelled(WorkerRef worker, int attempt) {}

    Attempts(IntToLongFunction nonces, PhaseLimits limits) {
        this.nonces = nonces;
        this.limits = limits;
        this.current = numbered(1);
    }

    Attempt current() {
        return current;
    }

    /** The number of the current attempt. */
    int number() {
        return current.getNumber();
    }

    Attempt numbered(int number) {
        return Attempt.newBuilder()
                .setNumber(number)
                .setNonce(nonces.applyAsLong(number))
                .build();
    }

    void avoid(WorkerRef worker) {
        avoided.add(worker);
    }

    Set<WorkerRef> avoided() {
        return Set.copyOf(avoided);
    }

    /** The current attempt made tokens, so the count of failed ones starts again. */
    void madeProgress() {
        withoutToken = 0;
        notBegun = 0;
    }

    /** Whether the current attempt is the last. */
    boolean exhausted() {
        return withoutToken + 1 >= limits.attemptsWithoutToken() || allMade();
    }

    /** Whether the current attempt is the last, whatever became of those before. */
    boolean allMade() {
        return number() >= limits.allAttempts();
    }

    /**
     * Gives the current attempt up and begins the next. True when it must wait: no worker had room, or it is not the
     * first in a row.
     */
    boolean raise(Failure last) {
        boolean wait = last.getCode() == Failure.Code.NO_CAPACITY || withoutToken > 0;
        withoutToken++;
        current = numbered(number() + 1);
        return wait;
    }

    /**
     * Begins the next attempt in place of one that no worker began: that says nothing about the request and is not counted.
     * True when it must wait: it is not the first in a row.
     */
    boolean raiseUncounted() {
        boolean wait = notBegun + withoutToken > 0;
        notBegun++;
        current = numbered(number() + 1);
        return wait;
    }

    /** Chooses a route later: each failed attempt in a row doubles the wait, up to 32 times the shortest. */
    void postpone(Instant now) {
        dueAt = now.plus(SHORTEST_WAIT.multipliedBy(1L << Math.min(withoutToken + notBegun, 5)));
    }

    /** When a route is to be chosen; never, unless one waits for its time. */
    Instant dueAt() {
        return dueAt;
    }

    boolean due(Instant now) {
        return !now.isBefore(dueAt);
    }

    /** A route is chosen or asked for. */
    void started() {
        dueAt = Instant.MAX;
    }

    /**
     * Takes a frame that is not of the current attempt, or not from a worker of it. When it shows that a worker keeps
     * working on an attempt that was given up, it is cancelled once more: the first cancel was lost, or came before the job.
     */
    void stale(WorkerRef worker, Progress progress, List<Effect> effects) {
        Attempt old = progress.getAttempt();
        boolean givenUp = old.getNumber() < number() && old.equals(numbered(old.getNumber()));
        boolean goesOn = progress.getEndCase() == Progress.EndCase.END_NOT_SET;
        if (givenUp && goesOn && cancelledAgain.add(new Cancelled(worker, old.getNumber()))) {
            effects.add(new Effect.SendCancel(worker, old));
        }
    }
}
