package dev.baton.worker;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineCommand;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commands that the engine must not miss, since blocks would leak or a cancelled sequence would run on. While the engine's
 * queue is full they wait here, in order, and the caller does not block. The backlog is bounded by the active sequences:
 * each has a few such commands at most.
 */
public final class CommandBacklog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CommandBacklog.class);
    private static final long PAUSE_NANOS = 1_000_000;

    private final Engine engine;
    private final Queue<EngineCommand> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger submitted = new AtomicInteger();
    private volatile boolean closed;

    public CommandBacklog(Engine engine) {
        this.engine = engine;
    }

    /** Never blocks. Any thread; one caller's commands keep their order. */
    public void submit(EngineCommand command) {
        // A command leaves the queue only when the engine has it, so an empty queue means that none is overtaken.
        if (waiting.isEmpty() && engine.submit(command)) {
            return;
        }
        waiting.add(command);
        if (submitted.getAndIncrement() == 0) {
            Thread.ofVirtual().name("engine-commands").start(this::drain);
        }
    }

    private void drain() {
        int seen = 0;
        do {
            seen = submitted.get();
            for (EngineCommand head = waiting.peek(); head != null && !closed; head = waiting.peek()) {
                if (engine.submit(head)) {
                    waiting.remove();
                } else {
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            }
        } while (submitted.addAndGet(-seen) != 0 && !closed);
    }

    /** The engine takes nothing any more. */
    @Override
    public void close() {
        closed = true;
        if (!waiting.isEmpty()) {
            LOG.debug("{} commands are dropped: the engine ends", waiting.size());
        }
    }
}
