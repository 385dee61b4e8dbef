package dev.baton.cluster.streams;

import dev.baton.config.StreamProperties;
import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * The pauses between tries to connect: each doubles, up to a limit, with jitter so that gateways do not come all at once.
 * Only a stream that has lasted as long as the longest pause begins the row again: one that is thrown out as soon as it
 * stands is no success. Owned by the link's thread.
 */
final class Backoff {
    private final StreamProperties settings;
    private Duration pause;
    private long stoodAt;
    private boolean stands;

    Backoff(StreamProperties settings) {
        this.settings = settings;
        this.pause = settings.retryFrom();
    }

    /** A stream stands since {@link System#nanoTime} {@code now}. */
    void stands(long now) {
        stands = true;
        stoodAt = now;
    }

    /** The stream is gone. True when it lasted, so that the next try may come at once. */
    boolean lasted(long now) {
        boolean lasted = stands && now - stoodAt > settings.retryUpTo().toNanos();
        stands = false;
        if (lasted) {
            pause = settings.retryFrom();
        }
        return lasted;
    }

    /** How long to wait before the next try: between half the pause and all of it. */
    Duration next(RandomGenerator random) {
        Duration now = pause;
        Duration doubled = pause.multipliedBy(2);
        pause = doubled.compareTo(settings.retryUpTo()) > 0 ? settings.retryUpTo() : doubled;
        return Duration.ofNanos(random.nextLong(now.toNanos() / 2, now.toNanos() + 1));
    }
}
