package dev.baton.worker;

import dev.baton.engine.schedule.FairShare;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.Predicate;

/**
 * Records that were read and not claimed, in the order in which they are: the tenant goes first of whom the fewest tokens
 * were claimed, within a tenant the highest priority, then the one that came first. One thread.
 */
final class ClaimOrder<E extends ClaimOrder.Entry> {
    private final Map<Object, SequencedSet<E>> byTenant = new LinkedHashMap<>();
    private final FairShare claimed = new FairShare();

    /** A record as far as the order looks at it. */
    interface Entry {
        Object tenant();

        int priority();

        /** That it begins with. */
        int tokens();
    }

    void add(E entry) {
        if (!byTenant.containsKey(entry.tenant())) {
            claimed.lift(entry.tenant(), byTenant.keySet());
        }
        byTenant.computeIfAbsent(entry.tenant(), first -> new LinkedHashSet<>()).add(entry);
    }

    /** The one to claim next, of those that may be. */
    Optional<E> next(Predicate<E> may) {
        return byTenant.keySet().stream()
                .sorted(Comparator.comparingLong(claimed::rows))
                .flatMap(tenant -> Objects.requireNonNull(byTenant.get(tenant)).stream()
                        .filter(may)
                        .min(Comparator.comparingInt((E entry) -> entry.priority())
                                .reversed())
                        .stream())
                .findFirst();
    }

    /** It leaves the order without being claimed. */
    void remove(E entry) {
        byTenant.computeIfPresent(entry.tenant(), (tenant, own) -> {
            own.remove(entry);
            return own.isEmpty() ? null : own;
        });
    }

    void claimed(E entry) {
        claimed.serve(entry.tenant(), entry.tokens());
        remove(entry);
    }

    /** All of them; a tenant's in the order in which they came. */
    List<E> all() {
        List<E> all = new ArrayList<>();
        byTenant.values().forEach(all::addAll);
        return all;
    }
}
