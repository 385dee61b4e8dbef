package dev.baton.engine.schedule;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Sequences that wait for blocks, and whose turn it is. */
final class WaitingQueue<S extends Sequence> {
    /** Priority, then what the tenant had had when the sequence was first started, then arrival. */
    static final Comparator<Sequence> RANK = Comparator.comparingInt(
                    (Sequence s) -> s.terms().priority())
            .reversed()
            .thenComparingLong(s -> s.payerHad)
            .thenComparingLong(s -> s.arrival);

    private static final Comparator<Sequence> OF_ONE_PAYER = Comparator.comparingInt(
                    (Sequence s) -> s.terms().priority())
            .reversed()
            .thenComparingLong(s -> s.arrival);

    private final FairShare shares;
    private final Map<Object, TreeSet<S>> byPayer = new HashMap<>();

    WaitingQueue(FairShare shares) {
        this.shares = shares;
    }

    void add(S sequence) {
        Object tenant = sequence.terms().tenant();
        if (!byPayer.containsKey(tenant)) {
            shares.lift(tenant, byPayer.keySet());
        }
        byPayer.computeIfAbsent(tenant, p -> new TreeSet<>(OF_ONE_PAYER)).add(sequence);
    }

    void remove(S sequence) {
        byPayer.computeIfPresent(sequence.terms().tenant(), (tenant, own) -> {
            own.remove(sequence);
            return own.isEmpty() ? null : own;
        });
    }

    /** The one whose turn it is; one that was preempted keeps the rank with which it was started. */
    @Nullable
    S first() {
        S first = null;
        for (Map.Entry<Object, TreeSet<S>> own : byPayer.entrySet()) {
            S sequence = own.getValue().first();
            if (!sequence.started) {
                sequence.payerHad = shares.had(own.getKey());
            }
            first = first == null || RANK.compare(sequence, first) < 0 ? sequence : first;
        }
        return first;
    }

    int size() {
        return byPayer.values().stream().mapToInt(Collection::size).sum();
    }

    Stream<S> stream() {
        return byPayer.values().stream().flatMap(Collection::stream);
    }
}
