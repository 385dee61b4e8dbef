package dev.baton.cluster.redis;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one task again and again on a virtual thread of its own, with a pause between two runs. Leases, the registry and the
 * heartbeat are kept up to date in Redis by such tasks.
 */
public final class PeriodicTask implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeriodicTask.class);
    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private final Thread thread;
    private volatile boolean ended;

    /** @param task must return; the next run starts {@code pause} after its end, whatever that was */
    public PeriodicTask(String name, Duration pause, Runnable task) {
        this.thread = Thread.ofVirtual().name(name).unstarted(() -> {
            while (!ended) {
                try {
                    task.run();
                } catch (RuntimeException | Error e) {
                    LOG.error("{} has failed and runs again after its pause", name, e);
                }
                if (!ended) {
                    LockSupport.parkNanos(this, pause.toNanos());
                }
            }
        });
    }

    public PeriodicTask start() {
        thread.start();
        return this;
    }

    /** Starts the next run now, without the pause. */
    public void runSoon() {
        LockSupport.unpark(thread);
    }

    /** Ends after the current run; waits up to five seconds for it. */
    @Override
    public void close() {
        ended = true;
        LockSupport.unpark(thread);
        if (Thread.currentThread() != thread) {
            try {
                thread.join(END_LIMIT);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
