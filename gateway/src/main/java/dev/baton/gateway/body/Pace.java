package dev.baton.gateway.body;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/**
 * When an idle body gets a comment.
 *
 * @param keepAlive longest silence
 */
public record Pace(Duration keepAlive, Scheduler scheduler) {
    private static final Duration SHORTEST = Duration.ofMillis(100);

    public Pace {
        if (!keepAlive.isPositive()) {
            throw new IllegalArgumentException("the keep-alive interval must be above zero");
        }
    }

    /** With comments often enough for a client that waits no longer than {@code silence} for a byte. */
    public Pace within(Duration silence) {
        Duration often = silence.dividedBy(2);
        if (often.compareTo(keepAlive) >= 0) {
            return this;
        }
        return new Pace(often.compareTo(SHORTEST) < 0 ? SHORTEST : often, scheduler);
    }

    /** Ticks twice per interval, so that no silence is longer than the interval, until it is disposed of. */
    public Disposable watch(PacedBody body) {
        long period = Math.max(1, keepAlive.toMillis() / 2);
        return scheduler.schedulePeriodically(body::tick, period, period, TimeUnit.MILLISECONDS);
    }
}
