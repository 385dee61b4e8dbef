package dev.baton.engine.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/** When each sequence expires. */
final class Expiry<S extends Sequence> {
    private final TreeSet<S> expiring =
            new TreeSet<>(Comparator.comparingLong((Sequence s) -> s.expires).thenComparingLong(s -> s.arrival));

    void add(S sequence) {
        expiring.add(sequence);
    }

    void remove(S sequence) {
        expiring.remove(sequence);
    }

    void move(S sequence, long millis) {
        expiring.remove(sequence);
        sequence.expires = millis;
        expiring.add(sequence);
    }

    /** Those that have expired, each once. */
    List<S> take(long nowMillis) {
        List<S> expired = new ArrayList<>();
        while (next() <= nowMillis) {
            expired.add(expiring.pollFirst());
        }
        return expired;
    }

    /** {@link Long#MAX_VALUE} for never. */
    long next() {
        return expiring.isEmpty() ? Long.MAX_VALUE : expiring.first().expires;
    }
}
