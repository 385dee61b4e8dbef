package dev.baton.control.admission;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;

/** Ends of requests per second, over a window. Not thread-safe. */
final class DrainRate {
    private static final int MOST_ENDS = 1_024;

    private final Duration window;
    private final ArrayDeque<Instant> ends = new ArrayDeque<>();

    DrainRate(Duration window) {
        this.window = window;
    }

    /** A request ended. */
    void ended(Instant now) {
        if (ends.size() == MOST_ENDS) {
            ends.removeFirst();
        }
        ends.addLast(now);
    }

    /** Ends per second in the window, 0 when there were none. */
    double perSecond(Instant now) {
        Instant from = now.minus(window);
        while (!ends.isEmpty() && ends.getFirst().isBefore(from)) {
            ends.removeFirst();
        }
        if (ends.isEmpty()) {
            return 0;
        }
        Duration span = ends.size() == MOST_ENDS ? Duration.between(ends.getFirst(), now) : window;
        return ends.size() / Math.max(1e-3, span.toNanos() / 1e9);
    }
}
