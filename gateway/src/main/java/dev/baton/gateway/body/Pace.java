package dev.baton.gateway.body;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/**
 * When an idle stream gets a comment, and when a reader that takes nothing is disconnected.
 *
 * @param keepAlive longest silence
 * @param stallLimit longest time without a byte taken while some wait
 */
public record Pace(Duration keepAlive, Duration stallLimit, Scheduler scheduler) {
    private static final Duration SHORTEST = Duration.ofMillis(100);

    public Pace {
        if (!keepAlive.isPositive() || !stallLimit.isPositive()) {
            throw new IllegalArgumentException("keep-alive interval and stall limit must be above zero");
        }
    }

    /** With comments often enough for a client that waits no longer than {@code silence} for a byte. */
    public Pace within(Duration silence) {
        Duration often = silence.dividedBy(2);
        if (often.compareTo(keepAlive) >= 0) {
            return this;
        }
        return new Pace(often.compareTo(SHORTEST) < 0 ? SHORTEST : often, stallLimit, scheduler);
    }

    /** Ticks twice per interval, so that no silence is longer than the interval, until it is disposed of. */
    public Disposable watch(PacedBody body, Runnable closeConnection) {
        long period = Math.max(1, keepAlive.toMillis() / 2);
        long limit = Math.max(1, stallLimit.toMillis() / period);
        return scheduler.schedulePeriodically(
                () -> {
                    if (body.tick() >= limit) {
                        closeConnection.run();
                    }
                },
                period,
                period,
                TimeUnit.MILLISECONDS);
    }
}
