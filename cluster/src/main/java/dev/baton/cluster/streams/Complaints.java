package dev.baton.cluster.streams;

import java.time.Duration;

/** Keeps callers that have proved nothing from filling the log. One thread. */
final class Complaints {
    private static final Duration AT_MOST_EVERY = Duration.ofSeconds(10);

    private long next = System.nanoTime();

    /** True at most once in ten seconds. */
    boolean allowed() {
        long now = System.nanoTime();
        if (now - next < 0) {
            return false;
        }
        next = now + AT_MOST_EVERY.toNanos();
        return true;
    }
}
