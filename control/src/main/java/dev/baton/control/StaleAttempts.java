package dev.baton.control;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Cancels workers that still work on an attempt that was given up: the first cancel was lost, or came before the job did.
 * It is sent again once per worker and attempt, when a frame shows that the worker goes on.
 */
final class StaleAttempts {
    private final Attempts attempts;
    private final Set<Cancelled> cancelled = new HashSet<>();

    private record Cancelled(WorkerRef worker, int attempt) {}

    StaleAttempts(Attempts attempts) {
        this.attempts = attempts;
    }

    /** A frame that is not of the current attempt, or not from a worker of it. */
    void frame(WorkerRef worker, Progress progress, Attempt current, List<Effect> effects) {
        Attempt old = progress.getAttempt();
        boolean givenUp = old.getNumber() < current.getNumber() && old.equals(attempts.number(old.getNumber()));
        boolean goesOn = progress.getEndCase() == Progress.EndCase.END_NOT_SET;
        if (givenUp && goesOn && cancelled.add(new Cancelled(worker, old.getNumber()))) {
            effects.add(new Effect.SendCancel(worker, old));
        }
    }
}
