package dev.baton.engine.schedule;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rows that each tenant has had computed: tokens of prompts that were not found in the cache, and tokens made. The tenant
 * with the fewest is served next. One that begins to wait is lifted to the fewest of those who wait, or to the tenant that
 * waited last, so that no tenant saves up rows that it did not ask for. (Virtual token counters: Sheng et al., "Fairness in
 * serving large language models", 2024.)
 */
public final class FairShare {
    private static final int PRUNE_AT = 1_024;

    private final Map<Object, Long> rowsByTenant = new HashMap<>();
    private @Nullable Object last;
    private int pruneAt = PRUNE_AT;

    public long rows(Object tenant) {
        return rowsByTenant.getOrDefault(tenant, 0L);
    }

    /** Tenants that are remembered. */
    int tenants() {
        return rowsByTenant.size();
    }

    void charge(Object tenant, int more) {
        rowsByTenant.merge(tenant, (long) more, Long::sum);
    }

    /** A sequence of the tenant got its blocks. */
    void served(Object tenant) {
        last = tenant;
    }

    /** A sequence of the tenant got its blocks, and so many rows are computed for it. */
    public void serve(Object tenant, int rows) {
        served(tenant);
        charge(tenant, rows);
    }

    /** A tenant without waiting sequences gets one, beside these that have some. */
    public void lift(Object tenant, Collection<Object> waiting) {
        long served = last == null ? 0 : rows(last);
        long least = waiting.stream().mapToLong(this::rows).min().orElse(served);
        rowsByTenant.merge(tenant, least, Math::max);
        if (rowsByTenant.size() >= pruneAt) {
            long floor = Math.min(least, served);
            rowsByTenant
                    .entrySet()
                    .removeIf(entry -> entry.getValue() <= floor
                            && !waiting.contains(entry.getKey())
                            && !entry.getKey().equals(tenant)
                            && !entry.getKey().equals(last));
            pruneAt = Math.max(PRUNE_AT, 2 * rowsByTenant.size());
        }
    }
}
