package dev.baton.cli.up;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * How long a part that died rests before it is started again: not at all the first time, then longer and longer, up to a
 * limit, while it keeps dying young.
 */
final class Restarts {
    /** A part that lived for this long had got over what killed it before. */
    static final Duration GROWN_UP = Duration.ofSeconds(60);

    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final Map<String, Duration> next = new HashMap<>();

    /** @param life how long it ran this time */
    Duration restAfterDeath(String part, Duration life) {
        Duration rest = life.compareTo(GROWN_UP) >= 0 ? Duration.ZERO : next.getOrDefault(part, Duration.ZERO);
        Duration longer = rest.isZero() ? FIRST : rest.multipliedBy(2);
        next.put(part, longer.compareTo(LONGEST) < 0 ? longer : LONGEST);
        return rest;
    }
}
