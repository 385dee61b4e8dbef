package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How long one request waits for its turn: no longer than its deadline, for a worker, or for another choice of its prompt. */
final class TurnWait {
    private final GenerationRequest request;
    private final Entrance.Place place;
    private final SharedPrompt shared;
    private Instant since;
    private Instant wakeAt = Instant.MAX;
    private @Nullable Instant heldUntil;

    TurnWait(GenerationRequest request, Entrance.Place place, SharedPrompt shared, Instant now) {
        this.request = request;
        this.place = place;
        this.shared = shared;
        this.since = now;
    }

    void begin(Instant now) {
        since = now;
        wakeAt = earlier(request.deadline(), since.plus(place.withoutWorkers()));
    }

    /** When {@link #late} has something to say, at the earliest. */
    Instant wakeAt() {
        return heldUntil == null ? wakeAt : earlier(wakeAt, heldUntil);
    }

    void heldUntil(Instant until) {
        heldUntil = until;
    }

    void freed() {
        heldUntil = null;
        place.release();
    }

    /** Why it waits no more; then its place is still to be given back. Empty where it goes on waiting, or its turn has come. */
    Optional<Rejection> late(Instant now) {
        if (!now.isBefore(request.deadline())) {
            return rejected(Rejection.Reason.DEADLINE_EXCEEDED, "the deadline passed before the request had its turn");
        }
        if (heldUntil != null && !now.isBefore(heldUntil)) {
            shared.open();
        }
        // Who waits for its turn does so no longer for a worker to be there than one that has it.
        Instant until = place.unservedUntil(since).orElse(null);
        if (until != null && !now.isBefore(until)) {
            return rejected(
                    Rejection.Reason.NO_WORKERS,
                    "no live decode worker that takes new work serves the model (baton.limits.without-workers)");
        }
        wakeAt = earlier(request.deadline(), until == null ? now.plus(place.withoutWorkers()) : until);
        return Optional.empty();
    }

    private Optional<Rejection> rejected(Rejection.Reason reason, String message) {
        return place.withdraw() ? Optional.of(new Rejection(reason, message, null)) : Optional.empty();
    }

    private static Instant earlier(Instant one, Instant other) {
        return one.isBefore(other) ? one : other;
    }
}
