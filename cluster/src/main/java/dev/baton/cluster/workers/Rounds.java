package dev.baton.cluster.workers;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Does one thing again and again on a virtual thread, with a pause between. */
final class Rounds implements AutoCloseable {
    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private final Thread thread;
    private volatile boolean ended;

    Rounds(String name, Duration pause, Runnable round) {
        this.thread = Thread.ofVirtual().name(name).unstarted(() -> {
            while (!ended) {
                round.run();
                if (!ended) {
                    LockSupport.parkNanos(this, pause.toNanos());
                }
            }
        });
    }

    Rounds start() {
        thread.start();
        return this;
    }

    /** Has the next round begin without the pause. */
    void hurry() {
        LockSupport.unpark(thread);
    }

    /** Ends after the round under way. */
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
