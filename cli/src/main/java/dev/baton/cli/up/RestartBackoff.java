package dev.baton.cli.up;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The pause before a process that died is started again: none the first time, then doubling up to a limit while each run
 * is short.
 */
final class RestartBackoff {
    /** A process that ran for this long counts as healthy: its next restart has no pause. */
    static final Duration HEALTHY_AFTER = Duration.ofSeconds(60);

    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final Map<String, Duration> next = new HashMap<>();

    /** @param life how long it ran this time */
    Duration pauseBeforeRestart(String process, Duration life) {
        Duration pause = life.compareTo(HEALTHY_AFTER) >= 0 ? Duration.ZERO : next.getOrDefault(process, Duration.ZERO);
        Duration longer = pause.isZero() ? FIRST : pause.multipliedBy(2);
        next.put(process, longer.compareTo(LONGEST) < 0 ? longer : LONGEST);
        return pause;
    }
}
