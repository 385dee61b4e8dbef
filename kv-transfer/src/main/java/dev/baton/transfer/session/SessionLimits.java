package dev.baton.transfer.session;

import java.time.Duration;

/**
 * Deadlines and bounds of a session; the same kind of value on both sides, not necessarily equal.
 *
 * @param connect to connect, and again to agree
 * @param pingEvery a ping goes out this often
 * @param deadAfter a peer not heard for this long is dead
 * @param idleAfter a session without tickets closes after this long
 * @param sessions at most this many at a time on one side
 * @param tickets at most this many open in a session
 * @param creditBytes bytes that may be announced and not yet taken over
 */
public record SessionLimits(
        Duration connect,
        Duration pingEvery,
        Duration deadAfter,
        Duration idleAfter,
        int sessions,
        int tickets,
        long creditBytes) {
    public SessionLimits {
        if (connect.toMillis() < 1
                || pingEvery.toMillis() < 1
                || deadAfter.compareTo(pingEvery) <= 0
                || idleAfter.toMillis() < 1
                || sessions < 1
                || tickets < 1
                || creditBytes < 1) {
            throw new IllegalArgumentException(
                    "KV session limits: durations of at least 1 ms, dead-after (%s) longer than ping-every (%s), counts and bytes above 0"
                            .formatted(deadAfter, pingEvery));
        }
    }

    public static SessionLimits defaults() {
        return new SessionLimits(
                Duration.ofSeconds(2),
                Duration.ofMillis(500),
                Duration.ofSeconds(2),
                Duration.ofMinutes(1),
                128,
                1024,
                64L << 20);
    }
}
