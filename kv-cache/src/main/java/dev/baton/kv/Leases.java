package dev.baton.kv;

import dev.baton.kv.BlockPool.Lease;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The leases of a pool that have not ended. One thread. */
final class Leases {
    private final Map<Long, Lease> byId = new HashMap<>();
    private long given;

    Lease give(int[] blocks) {
        Lease lease = new Lease(++given, blocks);
        byId.put(lease.id(), lease);
        return lease;
    }

    /** False when it has ended already. */
    boolean end(Lease lease) {
        return byId.remove(lease.id()) != null;
    }

    /** References that leases hold to each block. */
    Map<Integer, Integer> references() {
        Map<Integer, Integer> held = new HashMap<>();
        byId.values()
                .forEach(lease -> Arrays.stream(lease.blocks()).forEach(block -> held.merge(block, 1, Integer::sum)));
        return held;
    }
}
