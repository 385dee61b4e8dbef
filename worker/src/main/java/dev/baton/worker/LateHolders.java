package dev.baton.worker;

import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Workers that did not answer a fetch in time, as one behind a firewall does not: they are left alone for a while, so that not
 * every prompt waits for them. Any thread.
 */
final class LateHolders {
    static final Duration PAUSE = Duration.ofSeconds(30);
    private static final int MOST = 1_024;

    private final LongSupplier nanos;
    private final Map<WorkerRef, Long> since = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<WorkerRef, Long> eldest) {
            return size() > MOST;
        }
    };

    LateHolders(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized void late(WorkerRef holder) {
        since.remove(holder);
        since.put(holder, nanos.getAsLong());
    }

    /** Whether the worker may be asked. */
    synchronized boolean mayBeAsked(WorkerRef holder) {
        Long late = since.get(holder);
        if (late != null && nanos.getAsLong() - late >= PAUSE.toNanos()) {
            since.remove(holder);
            return true;
        }
        return late == null;
    }
}
