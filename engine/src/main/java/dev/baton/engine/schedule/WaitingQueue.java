package dev.baton.engine.schedule;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for blocks, and whose turn it is. Tenants share fairly; priority counts among the sequences of one
 * tenant only, so that none takes from another by calling its work urgent.
 */
final class WaitingQueue<S extends Sequence> {
    /** What the tenant had had when the sequence was first started, then arrival. */
    static final Comparator<Sequence> RANK =
            Comparator.comparingLong((Sequence s) -> s.payerHad).thenComparingLong(s -> s.arrival);

    private static final Comparator<Sequence> OF_ONE_PAYER = Comparator.comparingInt(
                    (Sequence s) -> s.terms().priority())
            .reversed()
            .thenComparingLong(s -> s.arrival);

    private final FairShare shares;
    private final Map<Object, TreeSet<S>> byPayer = new HashMap<>();

    WaitingQueue(FairShare shares) {
        this.shares = shares;
    }

    /** Running sequences, first the one that is served first: of the places of one tenant its urgent ones take the first. */
    static <S extends Sequence> List<S> order(Collection<S> running) {
        List<S> places = running.stream().sorted(RANK).toList();
        Map<Object, Deque<S>> own = new HashMap<>();
        places.stream()
                .sorted(Comparator.comparingInt((S s) -> s.terms().priority()).reversed())
                .forEach(s -> own.computeIfAbsent(s.terms().tenant(), t -> new ArrayDeque<>())
                        .add(s));
        return places.stream()
                .map(place ->
                        Objects.requireNonNull(own.get(place.terms().tenant())).remove())
                .toList();
    }

    /** Whether a waiting sequence is served before a running one. */
    static boolean goesBefore(Sequence waiting, Sequence running) {
        boolean oneTenant = waiting.terms().tenant().equals(running.terms().tenant());
        int priorities =
                Integer.compare(running.terms().priority(), waiting.terms().priority());
        return (oneTenant && priorities != 0 ? priorities : RANK.compare(waiting, running)) < 0;
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
