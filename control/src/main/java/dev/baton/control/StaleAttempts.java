package dev.baton.control;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Workers that go on with an attempt that was given up, because the word to cancel did not reach them or came before the
 * work did. Each is told again, once for each attempt, when it is heard.
 */
final class StaleAttempts {
    private final Attempts attempts;
    private final Set<Told> told = new HashSet<>();

    private record Told(WorkerRef worker, int attempt) {}

    StaleAttempts(Attempts attempts) {
        this.attempts = attempts;
    }

    /** A frame that is not of the current attempt, or not from a worker of it. */
    void heard(WorkerRef worker, Progress progress, Attempt current, List<Effect> effects) {
        Attempt old = progress.getAttempt();
        boolean givenUp = old.getNumber() < current.getNumber() && old.equals(attempts.number(old.getNumber()));
        boolean goesOn = progress.getEndCase() == Progress.EndCase.END_NOT_SET;
        if (givenUp && goesOn && told.add(new Told(worker, old.getNumber()))) {
            effects.add(new Effect.SendCancel(worker, old));
        }
    }
}
