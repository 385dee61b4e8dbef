package dev.baton.transfer;

import dev.baton.transfer.session.SessionLimits;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * One thread that looks at pings and deadlines a few times per ping interval, as long as there is something with a deadline.
 * Then it rests until it is woken.
 */
final class DeadlineTicker implements AutoCloseable {
    private static final Logger LOG = System.getLogger(DeadlineTicker.class.getName());
    private static final Duration LONGEST = Duration.ofMillis(100);
    private static final Duration SHORTEST = Duration.ofMillis(5);
    /** Should a wake-up have been forgotten, deadlines are looked at all the same. */
    private static final Duration LONGEST_REST = Duration.ofSeconds(5);

    private final Thread thread;
    private volatile boolean stopped;
    private volatile boolean woken;

    /** @param tick one look; false when there is nothing left that has a deadline */
    DeadlineTicker(String name, SessionLimits limits, BooleanSupplier tick) {
        Duration quarter = limits.pingEvery().dividedBy(4);
        Duration every =
                quarter.compareTo(LONGEST) > 0 ? LONGEST : quarter.compareTo(SHORTEST) < 0 ? SHORTEST : quarter;
        this.thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> run(every, tick));
    }

    void start() {
        thread.start();
    }

    /** Something has a deadline from now on. Any thread. */
    void wake() {
        if (!woken) {
            woken = true;
            LockSupport.unpark(thread);
        }
    }

    private void run(Duration every, BooleanSupplier tick) {
        while (!stopped) {
            woken = false;
            boolean more = true;
            try {
                more = tick.getAsBoolean();
            } catch (RuntimeException e) {
                LOG.log(Level.ERROR, "checking KV deadlines failed", e);
            }
            if (!stopped) {
                rest(more ? every : LONGEST_REST, more);
            }
        }
    }

    private void rest(Duration time, boolean more) {
        if (more || !woken) {
            LockSupport.parkNanos(this, time.toNanos());
        }
    }

    @Override
    public void close() {
        stopped = true;
        LockSupport.unpark(thread);
    }
}
