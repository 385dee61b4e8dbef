package dev.baton.cli.client;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** Closes a stream that falls silent or takes too long, so that its reader, which cannot wait with a limit, gets on. */
final class Watchdog implements AutoCloseable {
    private final InputStream stream;
    private final Duration silence;
    private final Duration limit;
    private final long start = System.nanoTime();
    private final Thread thread;
    private volatile long heard = start;
    private volatile String why = "";

    Watchdog(InputStream stream, Duration silence, Duration limit) {
        this.stream = stream;
        this.silence = silence;
        this.limit = limit;
        this.thread = Thread.ofVirtual().name("watchdog").start(this::watch);
    }

    /** The stream lives: something has come. */
    void heard() {
        heard = System.nanoTime();
    }

    /** Why it was closed, empty when it was not. */
    Optional<String> why() {
        return Optional.of(why).filter(reason -> !reason.isEmpty());
    }

    private void watch() {
        while (!Thread.currentThread().isInterrupted()) {
            long now = System.nanoTime();
            long left = Math.min(heard + silence.toNanos() - now, start + limit.toNanos() - now);
            if (left <= 0) {
                why = now - start >= limit.toNanos()
                        ? "it had not ended after " + limit.toMinutes() + " minutes"
                        : "nothing came for " + silence.toMillis() / 1e3 + " s";
                try {
                    stream.close();
                } catch (IOException e) {
                    // It is of no more use either way.
                }
                return;
            }
            LockSupport.parkNanos(left);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
