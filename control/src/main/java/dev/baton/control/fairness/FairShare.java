package dev.baton.control.fairness;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Work that was done for each tenant, over its weight: the tenant with the least is served next. One that begins to wait is
 * lifted to the least of those who wait, or to the tenant that was served last, so that no tenant saves up work that it did
 * not ask for. (Virtual token counters: Sheng et al., "Fairness in serving large language models", 2024.)
 *
 * <p>Between two tenants that both wait, what they got over their weights differs by no more than the largest work that was
 * charged at once, over the smaller weight. Work is counted in tokens of prompt: whatever takes as long to compute. Any
 * thread.
 */
public final class FairShare {
    /** The weight of a tenant of which nothing is said. */
    public static final int USUAL_WEIGHT = 1;

    public static final int LARGEST_WEIGHT = 100;

    private static final int PRUNE_AT = 1_024;
    /** What a token adds at weight 1: a larger weight adds less, and no fraction is lost that counts. */
    private static final long SCALE = 1_000;

    private final Map<Object, Long> shares = new HashMap<>();
    /** How many wait for each tenant, wherever they do. */
    private final Map<Object, Integer> waiting = new HashMap<>();

    private @Nullable Object last;
    private int pruneAt = PRUNE_AT;

    /** The work done for the tenant over its weight: numbers to compare, in no unit. */
    public synchronized long of(Object tenant) {
        return shares.getOrDefault(tenant, 0L);
    }

    /** Tenants that are remembered. */
    synchronized int tenants() {
        return shares.size();
    }

    /** Work of the tenant. Below 0: what was charged before and was not done. */
    public synchronized void charge(Object tenant, int weight, long work) {
        if (weight < 1 || weight > LARGEST_WEIGHT) {
            throw new IllegalArgumentException("weight is %d, not 1 to %d".formatted(weight, LARGEST_WEIGHT));
        }
        shares.merge(tenant, work * SCALE / weight, Long::sum);
    }

    /** The tenant gets its turn, and so much is done for it. */
    public synchronized void serve(Object tenant, int weight, long work) {
        last = tenant;
        charge(tenant, weight, work);
    }

    /** Something of the tenant begins to wait. */
    public synchronized void waits(Object tenant) {
        if (waiting.merge(tenant, 1, Integer::sum) == 1) {
            long served = last == null ? 0 : of(last);
            long least = waiting.keySet().stream()
                    .filter(other -> !other.equals(tenant))
                    .mapToLong(this::of)
                    .min()
                    .orElse(served);
            shares.merge(tenant, least, Math::max);
            prune(Math.min(least, served));
        }
    }

    /** It waits no more. */
    public synchronized void waitsNoMore(Object tenant) {
        waiting.computeIfPresent(tenant, (of, count) -> count == 1 ? null : count - 1);
    }

    /** Who has no more than the floor is lifted to it anyway when it comes again. */
    private void prune(long floor) {
        if (shares.size() >= pruneAt) {
            shares.entrySet()
                    .removeIf(entry -> entry.getValue() <= floor
                            && !waiting.containsKey(entry.getKey())
                            && !entry.getKey().equals(last));
            pruneAt = Math.max(PRUNE_AT, 2 * shares.size());
        }
    }
}
