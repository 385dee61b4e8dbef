package dev.baton.worker;

import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the engine's thread and the lane's, and says when one of them stands still for too long. It counts its own looks,
 * not time: a process that was frozen as a whole, or starved, does not look either.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
    static final Duration TICK = Duration.ofMillis(250);
    private static final Duration END_LIMIT = Duration.ofSeconds(2);

    private final Still engine;
    private final Still lane;
    private final Consumer<String> whenHung;
    private final Thread thread;
    private volatile boolean closed;

    /** What grows while a thread works; empty while there is nothing to watch. */
    interface Signs extends Supplier<OptionalLong> {}

    /**
     * Begins to look.
     *
     * @param engineWithin the longest that the engine may stand still
     * @param laneWithin the longest that the lane's thread may not poll
     * @param whenHung hears once which of them stands still; the threads' stacks are in the log before
     */
    static Watchdog start(
            Signs engine, Duration engineWithin, Signs lane, Duration laneWithin, Consumer<String> whenHung) {
        Watchdog watchdog =
                new Watchdog(new Still("engine", engine, engineWithin), new Still("lane", lane, laneWithin), whenHung);
        watchdog.thread.start();
        return watchdog;
    }

    private Watchdog(Still engine, Still lane, Consumer<String> whenHung) {
        this.engine = engine;
        this.lane = lane;
        this.whenHung = whenHung;
        this.thread = Thread.ofPlatform().name("watchdog").daemon(true).unstarted(this::run);
    }

    /** How long the engine has not moved, as far as was looked. */
    Duration engineStill() {
        return engine.time();
    }

    /** How long the lane was not polled. */
    Duration laneStill() {
        return lane.time();
    }

    private void run() {
        while (!closed) {
            LockSupport.parkNanos(this, TICK.toNanos());
            if (engine.looksHung() || lane.looksHung()) {
                Still hung = engine.hung() ? engine : lane;
                LOG.error("The {} thread has stood still for {}. All threads:{}", hung.name, hung.time(), stacks());
                whenHung.accept(hung.name);
                return;
            }
        }
    }

    private static String stacks() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Thread, StackTraceElement[]> one :
                Thread.getAllStackTraces().entrySet()) {
            text.append("\n\"")
                    .append(one.getKey().getName())
                    .append("\" ")
                    .append(one.getKey().getState());
            for (StackTraceElement frame : one.getValue()) {
                text.append("\n    at ").append(frame);
            }
        }
        return text.toString();
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            if (Thread.currentThread() != thread && !thread.join(END_LIMIT)) {
                LOG.warn("The watchdog has not ended within {}", END_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** For how many looks in a row a thread has given no sign. Looked at by one thread, read by any. */
    static final class Still {
        private final String name;
        private final Signs signs;
        private final Duration limit;
        private OptionalLong last = OptionalLong.empty();
        private volatile Duration time = Duration.ZERO;

        Still(String name, Signs signs, Duration limit) {
            this.name = name;
            this.signs = signs;
            this.limit = limit;
        }

        /** One look, a tick after the last. */
        boolean looksHung() {
            OptionalLong seen = signs.get();
            time = seen.isPresent() && seen.equals(last) ? time.plus(TICK) : Duration.ZERO;
            last = seen;
            return hung();
        }

        boolean hung() {
            return time.compareTo(limit) >= 0;
        }

        Duration time() {
            return time;
        }
    }
}
