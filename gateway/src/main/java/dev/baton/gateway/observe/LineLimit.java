package dev.baton.gateway.observe;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** How many log lines of one kind are written within a time; how many were left out is told with the next one. */
final class LineLimit {
    private static final int MOST_KINDS = 1_000;

    private final int lines;
    private final long windowNanos;
    private final Map<String, Window> kinds = new HashMap<>();

    private static final class Window {
        private long began;
        private int written;
        private int leftOut;
    }

    LineLimit(int lines, Duration window) {
        this.lines = lines;
        this.windowNanos = window.toNanos();
    }

    /**
     * @param nanos the time, by a clock that never goes back
     * @return how many lines of the kind were left out before this one; -1 when this one is left out too
     */
    synchronized int next(String kind, long nanos) {
        if (kinds.size() >= MOST_KINDS && !kinds.containsKey(kind)) {
            kinds.clear();
        }
        Window window = kinds.computeIfAbsent(kind, k -> new Window());
        if (window.written == 0 || nanos - window.began >= windowNanos) {
            window.began = nanos;
            window.written = 0;
        }
        if (window.written == lines) {
            window.leftOut++;
            return -1;
        }
        window.written++;
        int before = window.leftOut;
        window.leftOut = 0;
        return before;
    }
}
