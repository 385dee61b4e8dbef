package dev.baton.cluster.registry;

import dev.baton.cluster.redis.PeriodicTask;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.v1.WorkerState;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Publishes a worker's state to Redis at a fixed pace, and removes it at the end. */
public final class HeartbeatPublisher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HeartbeatPublisher.class);

    private final WorkerStates states;
    private final RegistryProperties settings;
    private final Supplier<WorkerState> now;
    private final PeriodicTask task;
    private volatile boolean reached = true;

    /**
     * Starts at once.
     *
     * @param now the state to publish; asked on a thread of this class before each publication
     */
    public HeartbeatPublisher(WorkerStates states, RegistryProperties settings, Supplier<WorkerState> now) {
        this.states = states;
        this.settings = settings;
        this.now = now;
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
            states.remove(now.get().getWorker().getId()).toCompletableFuture().join();
        } catch (CompletionException e) {
            LOG.info("This worker could not be removed from Redis; its entry expires after {}", settings.workerTtl());
        }
    }

    private void publish() {
        try {
            states.put(now.get(), settings.workerTtl()).toCompletableFuture().join();
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
}
