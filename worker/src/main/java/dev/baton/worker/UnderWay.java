package dev.baton.worker;

import dev.baton.engine.SequenceKey;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The attempts that a duty has claimed and not yet done with. Safe from any thread. */
public final class UnderWay<T> {
    private final Map<SequenceKey, T> sequences = new ConcurrentHashMap<>();

    /** False when the attempt is here already: a record delivered twice. */
    public boolean add(SequenceKey key, T sequence) {
        return sequences.putIfAbsent(key, sequence) == null;
    }

    public void remove(SequenceKey key) {
        sequences.remove(key);
    }

    public Optional<T> find(SequenceKey key) {
        return Optional.ofNullable(sequences.get(key));
    }

    public int count() {
        return sequences.size();
    }
}
