package dev.baton.cluster.leases;

import java.time.Duration;

/**
 * How long a lease is surely still held. It is counted from the moment before a renewal was asked for, by the holder's
 * monotonic counter, so it ends here before it ends in Redis. Once over it never comes back. Any thread.
 */
final class LeaseTime {
    private final Duration ttl;
    private volatile long until;
    private volatile boolean over;

    LeaseTime(Duration ttl, long askedAt) {
        this.ttl = ttl;
        this.until = askedAt + ttl.toNanos();
    }

    boolean held(long now) {
        return !over && until - now > 0;
    }

    boolean over() {
        return over;
    }

    /** Redis has renewed it, as was asked at that time. */
    void renewed(long askedAt) {
        until = askedAt + ttl.toNanos();
    }

    /** Given back, or another holds it. */
    void end() {
        over = true;
    }
}
