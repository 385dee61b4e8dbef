package dev.baton.engine.schedule;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rows that each tenant has had computed: tokens of prompts that were not found in the cache, and tokens made. Who had
 * least is served next. A tenant that begins to wait is lifted to the least of those who wait, or to the one who waited
 * last, so that no tenant saves up what it did not ask for. (Virtual token counters: Sheng et al., "Fairness in serving large
 * language models", 2024.)
 */
final class FairShare {
    private static final int PRUNE_AT = 1_024;

    private final Map<Object, Long> rows = new HashMap<>();
    private @Nullable Object last;
    private int pruneAt = PRUNE_AT;

    long had(Object tenant) {
        return rows.getOrDefault(tenant, 0L);
    }

    /** Tenants that are remembered. */
    int tenants() {
        return rows.size();
    }

    void charge(Object tenant, int more) {
        rows.merge(tenant, (long) more, Long::sum);
    }

    /** A sequence of the tenant waits no more: it is served. */
    void served(Object tenant) {
        last = tenant;
    }

    /** The tenant, of whom nothing waited, waits beside these. */
    void lift(Object tenant, Collection<Object> waiting) {
        long served = last == null ? 0 : had(last);
        long least = waiting.stream().mapToLong(this::had).min().orElse(served);
        rows.merge(tenant, least, Math::max);
        if (rows.size() >= pruneAt) {
            long nobodyFallsBelow = Math.min(least, served);
            rows.entrySet()
                    .removeIf(entry -> entry.getValue() <= nobodyFallsBelow
                            && !waiting.contains(entry.getKey())
                            && !entry.getKey().equals(tenant)
                            && !entry.getKey().equals(last));
            pruneAt = Math.max(PRUNE_AT, 2 * rows.size());
        }
    }
}
