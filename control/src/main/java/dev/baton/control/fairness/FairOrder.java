package dev.baton.control.fairness;

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
 * What waits for its turn, in the order of turns: the tenant goes first that got the least for its weight, within a tenant
 * the highest priority, then the one that came first. Work for later (a priority below 0) waits until nothing else does, of
 * whatever tenant. One thread, but for {@link #begun}.
 */
public final class FairOrder<E extends FairOrder.Entry> {
    private final Map<Object, SequencedSet<E>> byTenant = new LinkedHashMap<>();
    private final FairShare shares;
    private int size;

    /** @param shares to which the work is charged when it is done, also by others */
    public FairOrder(FairShare shares) {
        this.shares = shares;
    }

    /** What waits, as far as the order looks at it. */
    public interface Entry {
        Object tenant();

        int weight();

        /** Larger goes first; below 0 it is work for later. */
        int priority();

        /** That is thought to be done once it has its turn, in tokens of prompt. */
        long work();
    }

    public void add(E entry) {
        if (byTenant.computeIfAbsent(entry.tenant(), first -> new LinkedHashSet<>())
                .add(entry)) {
            size++;
            shares.waits(entry.tenant());
        }
    }

    /** The one whose turn it is, of those that may. */
    public Optional<E> next(Predicate<E> may) {
        Optional<E> soon = first(entry -> entry.priority() >= 0 && may.test(entry));
        return soon.isPresent() ? soon : first(may);
    }

    private Optional<E> first(Predicate<E> may) {
        return byTenant.keySet().stream()
                .sorted(Comparator.comparingLong(shares::of))
                .flatMap(tenant -> own(tenant).stream()
                        .filter(may)
                        .min(Comparator.comparingInt((E entry) -> entry.priority())
                                .reversed())
                        .stream())
                .findFirst();
    }

    private SequencedSet<E> own(Object tenant) {
        return Objects.requireNonNull(byTenant.get(tenant));
    }

    /** It leaves without a turn. */
    public void remove(E entry) {
        if (drop(entry)) {
            shares.waitsNoMore(entry.tenant());
        }
    }

    /** It has its turn, and its work counts as done; its tenant waits until it has {@linkplain #begun begun}. */
    public void take(E entry) {
        if (drop(entry)) {
            shares.serve(entry.tenant(), entry.weight(), entry.work());
        }
    }

    /** What was {@linkplain #take taken} waits no more, and whoever does it charges its work from now on. Any thread, once. */
    public void begun(E entry) {
        shares.charge(entry.tenant(), entry.weight(), -entry.work());
        shares.waitsNoMore(entry.tenant());
    }

    private boolean drop(E entry) {
        SequencedSet<E> own = byTenant.get(entry.tenant());
        if (own == null || !own.remove(entry)) {
            return false;
        }
        size--;
        if (own.isEmpty()) {
            byTenant.remove(entry.tenant());
        }
        return true;
    }

    public int size() {
        return size;
    }

    /** All of them; a tenant's in the order in which they came. */
    public List<E> all() {
        List<E> all = new ArrayList<>();
        byTenant.values().forEach(all::addAll);
        return all;
    }
}
