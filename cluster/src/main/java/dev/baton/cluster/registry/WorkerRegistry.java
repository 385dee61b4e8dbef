package dev.baton.cluster.registry;

import dev.baton.cluster.redis.PeriodicTask;
import dev.baton.config.RegistryProperties;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers that Redis lists, read again and again; less often while nobody needs it fresh. While Redis does not answer, the last list stands: not being
 * listed is no death.
 */
public final class WorkerRegistry implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerRegistry.class);
    private static final Duration AT_REST = Duration.ofSeconds(1);

    private final WorkerStates states;
    private final List<Consumer<List<WorkerState>>> listeners = new CopyOnWriteArrayList<>();
    private final PeriodicTask task;
    private volatile List<WorkerState> workers = List.of();
    private volatile boolean reached = true;
    private volatile BooleanSupplier resting = () -> false;
    private long readAt;

    /** Starts to read at once. */
    public WorkerRegistry(WorkerStates states, RegistryProperties settings) {
        this.states = states;
        this.task = new PeriodicTask("worker-registry", settings.pollEvery(), this::read).start();
    }

    /** As last read. */
    public List<WorkerState> workers() {
        return workers;
    }

    /** Whether Redis has answered the last time it was asked. */
    public boolean reached() {
        return reached;
    }

    /** Reads now. */
    public CompletionStage<List<WorkerState>> refresh() {
        return states.list().thenApply(this::took);
    }

    /** Called with each list read, also when nothing has changed; must not block. */
    public void listen(Consumer<List<WorkerState>> listener) {
        listeners.add(listener);
        task.runSoon();
    }

    /** As long as this holds, the list is read once a second. Asked before each read. */
    public void restWhile(BooleanSupplier holds) {
        resting = holds;
    }

    @Override
    public void close() {
        task.close();
    }

    private void read() {
        long now = System.nanoTime();
        if (reached && now - readAt < AT_REST.toNanos() && resting.getAsBoolean()) {
            return;
        }
        readAt = now;
        try {
            refresh().toCompletableFuture().join();
            reached = true;
        } catch (CompletionException e) {
            if (reached) {
                reached = false;
                LOG.warn("Redis does not list the workers (spring.data.redis.*): {}", String.valueOf(e.getCause()));
            }
        }
    }

    private List<WorkerState> took(List<WorkerState> read) {
        workers = read;
        listeners.forEach(listener -> listener.accept(read));
        return read;
    }
}
