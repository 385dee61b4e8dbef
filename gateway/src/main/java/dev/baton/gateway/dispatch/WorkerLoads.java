package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.WorkerRef;
import java.util.concurrent.ConcurrentHashMap;

/** What this gateway has sent to each worker and is still there: newer than any heartbeat. Any thread. */
final class WorkerLoads {
    private static final Load NONE = new Load(0, 0);

    private final ConcurrentHashMap<WorkerRef, Load> loads = new ConcurrentHashMap<>();

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
