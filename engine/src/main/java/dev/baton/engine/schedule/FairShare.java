package dev.baton.engine.schedule;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Rows that each payer has had computed: tokens of prompts that were not found in the cache, and tokens made. Who had
 * least is served next. A payer that begins to wait is lifted to the least of those who wait, or to the one who waited
 * last, so that nobody saves up what he did not ask for. (Virtual token counters: Sheng et al., "Fairness in serving large
 * language models", 2024.)
 */
final class FairShare {
    private static final int PRUNE_AT = 1_024;

    private final Map<Object, Long> rows = new HashMap<>();
    private @Nullable Object last;
    private int pruneAt = PRUNE_AT;

    long had(Object payer) {
        return rows.getOrDefault(payer, 0L);
    }

    /** Payers that are remembered. */
    int payers() {
        return rows.size();
    }

    void charge(Object payer, int more) {
        rows.merge(payer, (long) more, Long::sum);
    }

    /** A sequence of the payer waits no more: it is served. */
    void served(Object payer) {
        last = payer;
    }

    /** The payer, of whom nothing waited, waits beside these. */
    void lift(Object payer, Collection<Object> waiting) {
        long served = last == null ? 0 : had(last);
        long least = waiting.stream().mapToLong(this::had).min().orElse(served);
        rows.merge(payer, least, Math::max);
        if (rows.size() >= pruneAt) {
            long nobodyFallsBelow = Math.min(least, served);
            rows.entrySet()
                    .removeIf(entry -> entry.getValue() <= nobodyFallsBelow
                            && !waiting.contains(entry.getKey())
                            && !entry.getKey().equals(payer)
                            && !entry.getKey().equals(last));
            pruneAt = Math.max(PRUNE_AT, 2 * rows.size());
        }
    }
}
