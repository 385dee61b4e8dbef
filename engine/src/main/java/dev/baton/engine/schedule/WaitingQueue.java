package dev.baton.engine.schedule;

import dev.baton.control.fairness.FairShare;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for blocks, in the order in which they get them. Tenants share fairly; priority counts among the
 * sequences of one tenant only, so that none takes from another by calling its work urgent. Work for later goes after all
 * else, of whatever tenant: who asks for that gives something up.
 */
final class WaitingQueue<S extends Sequence> {
    /** Work for later after all else; the tenant's share when the sequence was first started, then arrival. */
    static final Comparator<Sequence> RANK = Comparator.comparing(
                    (Sequence s) -> s.terms().later())
            .thenComparingLong(s -> s.share)
            .thenComparingLong(s -> s.arrival);

    private static final Comparator<Sequence> WITHIN_TENANT = Comparator.comparingInt(
                    (Sequence s) -> s.terms().priority())
            .reversed()
            .thenComparingLong(s -> s.arrival);

    private static final int MOST_PASSING = 4;

    private final FairShare shares;
    private final Map<Object, TreeSet<S>> byTenant = new HashMap<>();

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
        if (byTenant.computeIfAbsent(tenant, p -> new TreeSet<>(WITHIN_TENANT)).add(sequence)) {
            shares.waits(tenant);
        }
    }

    void remove(S sequence) {
        byTenant.computeIfPresent(sequence.terms().tenant(), (tenant, own) -> {
            if (own.remove(sequence)) {
                shares.waitsNoMore(tenant);
            }
            return own.isEmpty() ? null : own;
        });
    }

    /** The next to get blocks; one that was preempted keeps the rank with which it was started. */
    @Nullable
    S first() {
        S first = null;
        for (Map.Entry<Object, TreeSet<S>> own : byTenant.entrySet()) {
            S sequence = own.getValue().first();
            if (!sequence.started) {
                sequence.share = shares.of(own.getKey());
            }
            first = first == null || RANK.compare(sequence, first) < 0 ? sequence : first;
        }
        return first;
    }

    /**
     * The first that may go before the head, which waits for blocks: one that begins with at most a quarter of the head's, and
     * no more than four in all. So the head waits for at most as many blocks more as it has itself, and nothing starves.
     *
     * @param blocks that a sequence begins with
     * @param may whether there is room for one
     */
    @Nullable
    S passing(S head, ToIntFunction<S> blocks, Predicate<S> may) {
        if (head.passed >= MOST_PASSING) {
            return null;
        }
        int most = blocks.applyAsInt(head) / MOST_PASSING;
        S first = null;
        for (S sequence : (Iterable<S>) stream()::iterator) {
            if (sequence != head && blocks.applyAsInt(sequence) <= most && may.test(sequence)) {
                if (!sequence.started) {
                    sequence.share = shares.of(sequence.terms().tenant());
                }
                first = first == null || goesBefore(sequence, first) ? sequence : first;
            }
        }
        return first;
    }

    int size() {
        return byTenant.values().stream().mapToInt(Collection::size).sum();
    }

    Stream<S> stream() {
        return byTenant.values().stream().flatMap(Collection::stream);
    }
}
