package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The work that this gateway has sent to each worker and that is still there: newer than any heartbeat. One thread at a time. */
final class WorkerLoads {
    private static final Load NONE = new Load(0, 0, 0, 0, 0);

    private final Map<WorkerRef, Load> loads = new HashMap<>();

    /**
     * @param tokens prompt tokens not yet answered by a first token
     * @param tokensForLater those of work for later
     * @param forLater requests of work for later
     * @param blocks promised to sequences that come from another worker and have made no token here yet
     */
    record Load(int tokens, int requests, int blocks, int tokensForLater, int forLater) {
        private Load plus(Load more) {
            return new Load(
                    tokens + more.tokens,
                    requests + more.requests,
                    blocks + more.blocks,
                    tokensForLater + more.tokensForLater,
                    forLater + more.forLater);
        }
    }

    Load of(WorkerRef worker) {
        return loads.getOrDefault(worker, NONE);
    }

    boolean busy(WorkerRef worker) {
        return loads.containsKey(worker);
    }

    Set<WorkerRef> workers() {
        return loads.keySet();
    }

    /** Adds, or with a negative number takes away. */
    void tokens(WorkerRef worker, int tokens, boolean later) {
        add(worker, new Load(tokens, 0, 0, later ? tokens : 0, 0));
    }

    /** Adds, or with a negative number takes away. */
    void requests(WorkerRef worker, int requests, boolean later) {
        add(worker, new Load(0, requests, 0, 0, later ? requests : 0));
    }

    /** Adds, or with a negative number takes away. */
    void blocks(WorkerRef worker, int blocks) {
        add(worker, new Load(0, 0, blocks, 0, 0));
    }

    private void add(WorkerRef worker, Load more) {
        loads.compute(worker, (ref, load) -> {
            Load after = load == null ? more : load.plus(more);
            return after.equals(NONE) ? null : after;
        });
    }
}
