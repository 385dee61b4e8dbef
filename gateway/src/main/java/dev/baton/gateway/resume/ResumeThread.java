package dev.baton.gateway.resume;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * The thread of the resumable answers. A stop ends takeovers first of all, so that a gateway that drains gets no new work; the
 * thread itself ends last, when what runs has been let go.
 */
final class ResumeThread implements SmartLifecycle, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ResumeThread.class);
    private static final Duration END_LIMIT = Duration.ofSeconds(2);

    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("resumable").daemon(true).factory());
    private final Duration tick;
    private volatile @Nullable ResumableAnswers answers;
    private volatile boolean running;

    /** @param tick between two looks for leases */
    ResumeThread(Duration tick) {
        this.tick = tick;
    }

    ScheduledExecutorService executor() {
        return executor;
    }

    void runs(ResumableAnswers what) {
        answers = what;
    }

    @Override
    public void start() {
        running = true;
        executor.scheduleWithFixedDelay(this::tick, tick.toMillis(), tick.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void tick() {
        try {
            ResumableAnswers all = answers;
            if (all != null) {
                all.tick();
            }
        } catch (RuntimeException e) {
            LOG.error("the leases of resumable answers could not be looked after", e);
        }
    }

    @Override
    public void stop() {
        ResumableAnswers all = answers;
        if (all != null) {
            all.stopping();
        }
        running = false;
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Stops before the dispatcher, whose phase is one lower; there is no higher one than this. */
    @Override
    public int getPhase() {
        return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 1024;
    }

    @Override
    public void close() {
        executor.shutdown();
        try {
            executor.awaitTermination(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
