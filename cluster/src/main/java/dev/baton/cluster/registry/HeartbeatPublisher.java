package dev.baton.cluster.registry;

import dev.baton.cluster.redis.PeriodicTask;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.v1.WorkerState;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes a worker's state to Redis: a new one at a fixed pace, the same again before its entry ends. Removes it at the end. */
public final class HeartbeatPublisher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HeartbeatPublisher.class);
    /** Times that an unchanged state is told again within its TTL. */
    private static final int RENEWALS = 3;

    private final WorkerStates states;
    private final RegistryProperties settings;
    private final Supplier<WorkerState> now;
    private final Runnable whenReplaced;
    private final PeriodicTask task;
    private volatile boolean reached = true;
    private boolean refused;
    private long refusedSince;
    /** What Redis has, and since when; null when that is not known. */
    private @Nullable WorkerState told;

    private long toldAt;

    /**
     * Starts at once.
     *
     * @param now the state to publish; asked on a thread of this class before each publication
     * @param whenReplaced called again and again while another life of this worker's id is listed, from twice the TTL on:
     *     an earlier one would have let its entry end
     */
    public HeartbeatPublisher(
            WorkerStates states, RegistryProperties settings, Supplier<WorkerState> now, Runnable whenReplaced) {
        this.states = states;
        this.settings = settings;
        this.now = now;
        this.whenReplaced = whenReplaced;
        this.task = new PeriodicTask("heartbeat", settings.publishEvery(), this::publish).start();
    }

    /** Publishes now: something changed that others should see soon. */
    public void publishSoon() {
        task.runSoon();
    }

    @Override
    public void close() {
        task.close();
        try {
            states.remove(now.get().getWorker()).toCompletableFuture().join();
        } catch (CompletionException e) {
            LOG.info("This worker could not be removed from Redis; its entry expires after {}", settings.workerTtl());
        }
    }

    private void publish() {
        WorkerState state = now.get();
        long time = System.nanoTime();
        if (state.equals(told) && time - toldAt < settings.workerTtl().toNanos() / RENEWALS) {
            return;
        }
        told = null;
        try {
            if (states.put(state, settings.workerTtl()).toCompletableFuture().join()) {
                refused = false;
                told = state;
                toldAt = time;
            } else {
                refused();
            }
            if (!reached) {
                reached = true;
                LOG.info("The heartbeat reaches Redis again");
            }
        } catch (CompletionException e) {
            if (reached) {
                reached = false;
                LOG.warn("The heartbeat does not reach Redis (spring.data.redis.*): {}", String.valueOf(e.getCause()));
            }
        }
    }

    private void refused() {
        long time = System.nanoTime();
        if (!refused) {
            refused = true;
            refusedSince = time;
        } else if (time - refusedSince > 2 * settings.workerTtl().toNanos()) {
            whenReplaced.run();
        }
    }
}
