package dev.baton.control;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The workers of the current attempt: its route, none at first, and which of them have reported progress. */
final class AttemptWorkers {
    private @Nullable Route route;
    private final Set<WorkerRef> active = new HashSet<>();

    @Nullable
    Route route() {
        return route;
    }

    void assign(Route chosen) {
        route = chosen;
    }

    /** The route is given up; workers that were active on it still count. */
    void unassign() {
        route = null;
    }

    /** For the next attempt. */
    void clear() {
        route = null;
        active.clear();
    }

    /** Whether the worker, with this epoch, is on the route. */
    boolean involve(WorkerRef worker) {
        return route != null && route.involves(worker);
    }

    /** Whether the attempt still needs the worker: once the decode worker makes tokens, the prefill worker is done. */
    boolean need(WorkerRef worker, Phase phase) {
        return route != null
                && (phase != Phase.DECODING || worker.equals(route.decode().worker()));
    }

    /** The worker that ends the phase; null without a route. */
    @Nullable
    WorkerRef awaited(Phase phase) {
        if (route == null) {
            return null;
        }
        return switch (phase) {
            case QUEUED, PREFILLING -> route.first().worker();
            case HANDED_OFF, DECODING, DONE, FAILED, CANCELLED -> route.decode().worker();
        };
    }

    /** Whether the worker makes only the first token. */
    boolean prefill(WorkerRef worker) {
        return route != null
                && route.prefill() != null
                && worker.equals(route.prefill().worker());
    }

    boolean computeAtDecode() {
        return route != null && route.computesAtDecode();
    }

    /** The worker has reported progress. */
    void activate(WorkerRef worker) {
        active.add(worker);
    }

    boolean active(WorkerRef worker) {
        return active.contains(worker);
    }

    /** Whether a part of the attempt has a worker on the route and none that is active. */
    boolean idle(WorkerState.Role part) {
        return route != null
                && (part == WorkerState.Role.PREFILL
                        ? active.isEmpty()
                        : !active.contains(route.decode().worker()));
    }

    void cancel(Attempt attempt, List<Effect> effects) {
        if (route != null) {
            for (WorkerRef worker : route.workers()) {
                effects.add(new Effect.SendCancel(worker, attempt));
            }
        }
    }
}
