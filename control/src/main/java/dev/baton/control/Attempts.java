package dev.baton.control;

import dev.baton.control.routing.Fault;
import dev.baton.protocol.v1.Attempt;
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
 * The attempts at one request: their numbers, whether another may follow and when, which workers it avoids, and the
 * cancels of those that were given up. The nonces are given, so that deciding needs no source of chance.
 */
final class Attempts {
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(50);

    private final IntToLongFunction nonces;
    private final PhaseLimits limits;
    private final Deaths deaths;
    private final Set<WorkerRef> avoided = new LinkedHashSet<>();
    private final Set<Cancelled> cancelledAgain = new HashSet<>();
    private int number;
    private Instant dueAt = Instant.MAX;
    /** Failures of workers, all and in a row. */
    private int counted;

    private int withoutToken;
    private int uncounted;
    private int lost;

    private record Cancelled(WorkerRef worker, int attempt) {}

    /** What follows an attempt that has ended. */
    enum Next {
        /** Another one. */
        ATTEMPT,
        /** Nothing: too many workers have failed over it. */
        FAILURE,
        /** Nothing: it is taken to be what kills workers. */
        DEAD_LETTER
    }

    /** @param number of the first one */
    Attempts(IntToLongFunction nonces, PhaseLimits limits, int number) {
        this.number = number;
        this.nonces = nonces;
        this.limits = limits;
        this.deaths = new Deaths(limits.attemptsWithoutToken());
    }

    /** The number of the last attempt. */
    int number() {
        return number;
    }

    Attempt next() {
        number++;
        return numbered(number);
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

    /** Whether the request must not share a worker with others that may kill it. */
    boolean suspicious() {
        return deaths.suspicious();
    }

    /** What the request is charged with, for people. */
    String accusation(int token, String why) {
        return "%d workers died while they computed this request's token %d, the last with no other suspect: it is not tried again. %s"
                .formatted(deaths.count(), token, why);
    }

    Effect.RecordEnd endOf(int number, Phase phase) {
        return new Effect.RecordEnd(numbered(number), phase);
    }

    /** Tokens were made, so the count of failed attempts starts again. True when they clear a suspicious request. */
    boolean madeProgress(int accepted) {
        withoutToken = 0;
        uncounted = 0;
        lost = 0;
        return deaths.clears(accepted);
    }

    /**
     * A worker that had claimed it died before it said that it computes. True when that has happened so often that it may
     * have died too soon to say so.
     */
    boolean lostOnceMore() {
        lost++;
        return lost >= limits.attemptsWithoutToken();
    }

    /**
     * Books why an attempt ended.
     *
     * @param accepted tokens so far
     */
    Next book(Fault fault, Execution ended, int accepted) {
        return switch (fault) {
            case Fault.Infrastructure _, Fault.Pair _ -> {
                uncounted++;
                yield Next.ATTEMPT;
            }
            case Fault.Handover _ -> Next.ATTEMPT;
            case Fault.Worker(WorkerRef worker) -> {
                avoided.add(worker);
                counted++;
                withoutToken++;
                yield withoutToken >= limits.attemptsWithoutToken() || counted >= limits.allAttempts()
                        ? Next.FAILURE
                        : Next.ATTEMPT;
            }
            case Fault.Request(WorkerRef worker) -> {
                avoided.add(worker);
                yield deaths.died(accepted, ended.phase() == Phase.PREFILLING, ended.alone())
                        ? Next.DEAD_LETTER
                        : Next.ATTEMPT;
            }
        };
    }

    /** Whether the next attempt must wait: it is not the first in a row. */
    boolean mustWait() {
        return withoutToken + uncounted > 1;
    }

    /** Chooses a route later: each failed attempt in a row doubles the wait, up to 32 times the shortest. */
    void postpone(Instant now) {
        dueAt = now.plus(SHORTEST_WAIT.multipliedBy(1L << Math.min(withoutToken + uncounted, 5)));
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
     * Takes a frame of an attempt that is not live. When it shows that a worker keeps working on one that was given up, it
     * is cancelled once more: the first cancel was lost, or came before the job. False when the attempt never was this
     * request's.
     */
    boolean stale(WorkerRef worker, Progress progress, List<Effect> effects) {
        Attempt old = progress.getAttempt();
        boolean givenUp = old.getNumber() <= number && old.equals(numbered(old.getNumber()));
        boolean goesOn = progress.getEndCase() == Progress.EndCase.END_NOT_SET;
        if (givenUp && goesOn && cancelledAgain.add(new Cancelled(worker, old.getNumber()))) {
            effects.add(new Effect.SendCancel(worker, old));
        }
        return givenUp;
    }
}
