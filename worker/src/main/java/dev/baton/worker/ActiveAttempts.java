package dev.baton.worker;

import dev.baton.protocol.AttemptKey;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The attempts that a role has claimed and not yet finished, and those cancelled or ended lately. A cancel may come before the
 * claim is answered, or between the claim and the engine: such an attempt is not started, or is cancelled once it has started.
 * One that has ended is not started again when its record is delivered again: nobody would ask for what it makes.
 * Safe from any thread.
 */
public final class ActiveAttempts<T extends ActiveAttempts.Task> {
    /** Cancels and ends that are remembered: a claim is answered long before so many others come. */
    private static final int REMEMBERED = 8_192;

    private final Map<AttemptKey, T> sequences = new HashMap<>();
    private final Map<AttemptKey, Boolean> over = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<AttemptKey, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** One attempt on this worker. */
    public interface Task {
        /** Hands it to the engine. */
        void begin();

        /** Ends it wherever it stands. */
        void cancel();
    }

    /** Begins an attempt, unless it is here already (a record delivered twice) or was cancelled before. */
    public void begin(AttemptKey key, Supplier<T> make) {
        T sequence;
        synchronized (this) {
            if (sequences.containsKey(key) || over.containsKey(key)) {
                return;
            }
            sequence = make.get();
            sequences.put(key, sequence);
        }
        try {
            sequence.begin();
        } catch (RuntimeException | Error e) {
            remove(key);
            throw e;
        }
        if (cancelled(key)) {
            // The cancel may have reached the engine before the sequence did, and then it did nothing.
            sequence.cancel();
        }
    }

    public void cancel(AttemptKey key) {
        T sequence;
        synchronized (this) {
            over.put(key, true);
            sequence = find(key);
        }
        if (sequence != null) {
            sequence.cancel();
        }
    }

    /** Whether it was cancelled, or ended, lately. */
    public synchronized boolean cancelled(AttemptKey key) {
        return over.containsKey(key);
    }

    private @Nullable T find(AttemptKey key) {
        return sequences.get(key);
    }

    /** It has ended. */
    public synchronized void remove(AttemptKey key) {
        if (sequences.remove(key) != null) {
            over.put(key, true);
        }
    }

    public synchronized int count() {
        return sequences.size();
    }
}
