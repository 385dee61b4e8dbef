package dev.baton.transfer;

import dev.baton.transfer.session.SessionLimits;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One thread that looks at pings and deadlines a few times per ping interval. */
final class DeadlineTicker implements AutoCloseable {
    private static final Logger LOG = System.getLogger(DeadlineTicker.class.getName());
    private static final Duration LONGEST = Duration.ofMillis(100);
    private static final Duration SHORTEST = Duration.ofMillis(5);

    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread thread;

    DeadlineTicker(String name, SessionLimits limits, Runnable tick) {
        Duration quarter = limits.pingEvery().dividedBy(4);
        Duration every =
                quarter.compareTo(LONGEST) > 0 ? LONGEST : quarter.compareTo(SHORTEST) < 0 ? SHORTEST : quarter;
        this.thread = Thread.ofPlatform().name(name).daemon().unstarted(() -> run(every, tick));
    }

    void start() {
        thread.start();
    }

    private void run(Duration every, Runnable tick) {
        try {
            while (!stop.await(every.toNanos(), TimeUnit.NANOSECONDS)) {
                try {
                    tick.run();
                } catch (RuntimeException e) {
                    LOG.log(Level.ERROR, "checking KV deadlines failed", e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop.countDown();
    }
}
