package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;
import java.util.HashMap;
import java.util.Map;

/** The work that this gateway has sent to each worker and that is still there: newer than any heartbeat. Not thread-safe. */
final class WorkerLoads {
    private static final Load NONE = new Load(0, 0);

    private final Map<WorkerRef, Load> loads = new HashMap<>();

    /** @param tokens prompt tokens not yet answered by a first token */
    record Load(int tokens, int requests) {}

    Load of(WorkerRef worker) {
        return loads.getOrDefault(worker, NONE);
    }

    /** Adds, or with negative numbers takes away. */
    void add(WorkerRef worker, int tokens, int requests) {
        loads.compute(worker, (ref, load) -> {
            Load before = load == null ? NONE : load;
            Load after = new Load(before.tokens + tokens, before.requests + requests);
            return after.equals(NONE) ? null : after;
        });
    }
}
