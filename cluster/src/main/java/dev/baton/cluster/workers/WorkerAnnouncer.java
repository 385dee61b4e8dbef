package dev.baton.cluster.workers;

import dev.baton.config.RegistrySettings;
import dev.baton.protocol.v1.WorkerState;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a worker's state to Redis again and again, and takes it back at the end. */
public final class WorkerAnnouncer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerAnnouncer.class);

    private final WorkerStates states;
    private final RegistrySettings settings;
    private final Supplier<WorkerState> now;
    private final Rounds rounds;
    private volatile boolean reached = true;

    /** Starts at once. @param now asked on a thread of this class, before each telling */
    public WorkerAnnouncer(WorkerStates states, RegistrySettings settings, Supplier<WorkerState> now) {
        this.states = states;
        this.settings = settings;
        this.now = now;
        this.rounds = new Rounds("worker-announcer", settings.publishEvery(), this::tell).start();
    }

    /** Something changed that others should know soon. */
    public void hurry() {
        rounds.hurry();
    }

    @Override
    public void close() {
        rounds.close();
        try {
            states.remove(now.get().getWorker().getId()).toCompletableFuture().join();
        } catch (CompletionException e) {
            LOG.info("Redis was not told that this worker leaves; it will know after {}", settings.workerTtl());
        }
    }

    private void tell() {
        try {
            states.put(now.get(), settings.workerTtl()).toCompletableFuture().join();
            if (!reached) {
                reached = true;
                LOG.info("Redis is told of this worker again");
            }
        } catch (CompletionException e) {
            if (reached) {
                reached = false;
                LOG.warn("Redis is not told of this worker (spring.data.redis.*): {}", String.valueOf(e.getCause()));
            }
        }
    }
}
