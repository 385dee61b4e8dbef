package dev.baton.cluster.streams;

import dev.baton.cluster.SteadyClock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An executor of one thread, which owns a side's state: runs tasks in order, and survives a bug in any of them. */
final class EventLoop implements StreamLoop {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);
    private static final Duration END_LIMIT = Duration.ofSeconds(5);

    private final ScheduledThreadPoolExecutor executor;
    private final String name;

    EventLoop(String name) {
        this.name = name;
        this.executor = new ScheduledThreadPoolExecutor(
                1,
                Thread.ofPlatform().name(name).daemon(true).factory(),
                (task, closed) -> LOG.debug("{} has ended; a late message is dropped", name));
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        executor.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
        executor.setRemoveOnCancelPolicy(true);
    }

    @Override
    public void execute(Runnable task) {
        executor.execute(guarded(task));
    }

    @Override
    public void every(Duration period, Runnable task) {
        executor.scheduleWithFixedDelay(guarded(task), period.toNanos(), period.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void later(Duration delay, Runnable task) {
        executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public InstantSource clock() {
        return SteadyClock.system();
    }

    @Override
    public RandomGenerator random() {
        return ThreadLocalRandom.current();
    }

    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("{} has not ended within {}", name, END_LIMIT);
                executor.shutdownNow();
            }
        } catch (InterruptedException e) {
            executor.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("{}: a message could not be handled", name, e);
            }
        };
    }
}
