package dev.baton.control;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Queued;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One live attempt: its route, none at first, which workers of it have reported what, and how far it has come since when. */
final class Execution {
    private final Attempt attempt;
    private final boolean alone;
    private final Set<WorkerRef> active = new HashSet<>();
    private final Set<WorkerRef> computing = new HashSet<>();
    private @Nullable Route route;
    private Phase phase = Phase.QUEUED;
    private Instant since;
    private Queued queued = Queued.getDefaultInstance();
    private int computedTokens;

    /** @param alone it is not to share a worker with other suspicious requests */
    Execution(Attempt attempt, boolean alone, Instant now) {
        this.attempt = attempt;
        this.alone = alone;
        this.since = now;
    }

    Attempt attempt() {
        return attempt;
    }

    int number() {
        return attempt.getNumber();
    }

    boolean alone() {
        return alone;
    }

    Phase phase() {
        return phase;
    }

    @Nullable
    Route route() {
        return route;
    }

    void assign(Route chosen, Instant now) {
        route = chosen;
        since = now;
    }

    /** The route is given up; workers that were active on it still count. */
    void unassign() {
        route = null;
    }

    /** Limits run anew from here: a token came, or the record is out. */
    void moved(Instant now) {
        since = now;
    }

    /** Limits do not count a time in which this gateway itself stood still. */
    void slept(Duration time, Instant now) {
        Instant later = since.plus(time);
        since = later.isAfter(now) ? now : later;
    }

    /** When the limit of the phase ends; never without a route, since waiting for a worker has no limit but the deadline. */
    Instant limit(PhaseLimits limits) {
        return route == null ? Instant.MAX : since.plus(limits.of(phase));
    }

    /** Whether the worker, with this epoch, is on the route. */
    boolean involves(WorkerRef worker) {
        return route != null && route.involves(worker);
    }

    /** Whether the attempt still needs the worker: once the decode worker makes tokens, the prefill worker is done. */
    boolean needs(WorkerRef worker) {
        return route != null
                && involves(worker)
                && (phase != Phase.DECODING || worker.equals(route.decode().worker()));
    }

    /** The worker that ends the phase; null without a route. */
    @Nullable
    WorkerRef awaited() {
        if (route == null) {
            return null;
        }
        return switch (phase) {
            case QUEUED, PREFILLING -> route.first().worker();
            case HANDED_OFF, DECODING, DONE, FAILED, CANCELLED -> route.decode().worker();
        };
    }

    /** Whether the worker makes only the first token. */
    boolean prefills(WorkerRef worker) {
        return route != null
                && route.prefill() != null
                && worker.equals(route.prefill().worker());
    }

    /** A worker of the route reports progress. */
    void progressed(WorkerRef worker, Progress progress, Instant now) {
        heard(worker);
        if (progress.getTiming().getComputeStartedUs() > 0) {
            computing.add(worker);
        }
        Phase reached = Phase.shownBy(progress, prefills(worker), route != null && route.computesAtDecode());
        if (phase.mayBecome(reached)) {
            phase = reached;
            since = now;
        }
    }

    /**
     * True when a worker only says how far the attempt is: its record is not claimed yet, it waits for blocks, or the prompt
     * is being computed. News that differ from the last are progress: fewer are ahead, the engine works on those that are,
     * more is computed.
     */
    boolean news(Progress progress, Instant now) {
        if (progress.hasQueued() && !progress.getQueued().equals(queued)) {
            queued = progress.getQueued();
            since = now;
        }
        if (progress.hasComputedTokens() && progress.getComputedTokens() != computedTokens) {
            computedTokens = progress.getComputedTokens();
            since = now;
        }
        return progress.hasQueued() || progress.hasComputedTokens();
    }

    /** A worker of the route reports progress, of a second attempt that brings no token. */
    void beside(WorkerRef worker, Progress progress, Instant now, List<Effect> effects) {
        if (!news(progress, now)) {
            recovers(progress, effects);
            progressed(worker, progress, now);
        }
    }

    /** A worker of the route reports progress: of a later attempt, how far the recovery is. Comes before {@link #progressed}. */
    void recovers(Progress progress, List<Effect> effects) {
        if (number() == 1) {
            return;
        }
        if (!begun()) {
            effects.add(new Effect.NoteClaimed(attempt));
        }
        if (progress.hasKvSource()) {
            effects.add(new Effect.NoteRestored(attempt, progress.getKvSource()));
        }
    }

    /** A worker of the route has said something that cannot be used yet. */
    void heard(WorkerRef worker) {
        active.add(worker);
    }

    /** It has reported progress. */
    boolean active(WorkerRef worker) {
        return active.contains(worker);
    }

    /** Some worker has. */
    boolean begun() {
        return !active.isEmpty();
    }

    /** Whether the worker's running step has the request, as far as it has said. */
    boolean computedBy(WorkerRef worker) {
        return switch (phase) {
            case PREFILLING -> computing.contains(worker) && worker.equals(awaited());
            case DECODING -> worker.equals(awaited());
            case QUEUED, HANDED_OFF, DONE, FAILED, CANCELLED -> false;
        };
    }

    /** Whether a part of the attempt has a worker on the route and none that is active. */
    boolean idle(WorkerState.Role part) {
        return route != null
                && (part == WorkerState.Role.PREFILL
                        ? active.isEmpty()
                        : !active.contains(route.decode().worker()));
    }

    /** Publishes the record of the attempt. */
    void publish(TokenIds accepted, List<Effect> effects) {
        if (route != null) {
            effects.add(
                    route.computesAtDecode()
                            ? new Effect.PublishComputeHere(attempt, route, accepted)
                            : new Effect.PublishPrefillJob(attempt, route, accepted));
        }
    }

    /**
     * A worker has brought the last token. The other of the route still waits: a decode worker for a handoff that it does
     * not need, or a prefill worker keeps the prompt's KV for a recovery that will not be.
     */
    void endedBy(WorkerRef last, List<Effect> effects) {
        if (route != null) {
            for (WorkerRef worker : route.workers()) {
                if (!worker.equals(last)) {
                    effects.add(new Effect.SendCancel(worker, attempt));
                }
            }
        }
    }

    void cancel(List<Effect> effects) {
        if (route != null) {
            for (WorkerRef worker : route.workers()) {
                effects.add(new Effect.SendCancel(worker, attempt));
            }
        }
    }
}
